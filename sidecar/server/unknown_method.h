/* SPDX-License-Identifier: MIT */
/*
 * Calls of methods that nobody has registered: UNIMPLEMENTED, naming the method and how to learn
 * what is served. Between server.c and C-core; the poller's thread, or before it runs.
 */
#pragma once

#include "server/call.h"
#include "server/core.h"
#include "telemetry/metric.h"

struct unknown_method;

/* The handler explains. All must outlive it. */
struct unknown_method *unknown_method_new(grpc_server *server, grpc_completion_queue *queue,
                                          const struct call_handler *handler,
                                          struct metrics *metrics, struct rpc_tracker *tracker);

/* Takes calls from now on; after the server has started. */
void unknown_method_start(struct unknown_method *unknown);

/* After the queue has been drained; NULL is allowed. */
void unknown_method_free(struct unknown_method *unknown);
