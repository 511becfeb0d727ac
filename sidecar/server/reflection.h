/* SPDX-License-Identifier: MIT */
/*
 * Server reflection, v1 and v1alpha (grpc/reflection/v1/reflection.proto): what grpcurl and its
 * like ask to learn the schema. Answers come from the schema's descriptor set; its own services and
 * health are listed too.
 */
#pragma once

#include "schema/schema.h"
#include "server/core.h"

struct reflection;

/* Registers the methods; before the server starts. */
struct reflection *reflection_new(grpc_server *server, grpc_completion_queue *queue,
                                  const struct schema *schema, struct rpc_tracker *tracker);

/* Takes streams from now on; after the server has started, before the poller runs. */
void reflection_start(struct reflection *reflection);

/* Ends streams that are open, so that they do not hold up a drain. Any thread. */
void reflection_end(struct reflection *reflection);

/* After the queue has been drained; NULL is allowed. */
void reflection_free(struct reflection *reflection);
