/* SPDX-License-Identifier: MIT */
/*
 * The graceful drain: the server ends without losing a call. C-core refuses calls that reach it
 * after grpc_server_shutdown_and_notify, also those of callers that have not seen its GOAWAY yet.
 * So nothing is read any more before it is called, and calls under way finish. Then callers are
 * told, by a GOAWAY of ours, that nothing else was processed: they repeat elsewhere, by themselves,
 * what we have not read (RFC 9113 section 6.8), and close the connection.
 */
#pragma once

#include <event2/event.h>

#include "server/core.h"
#include "server/listener.h"
#include "server/poller.h"

struct drain;

/* All that it is given outlives it. */
struct drain *drain_new(grpc_server *server, grpc_completion_queue *queue, struct poller *poller,
                        struct rpc_tracker *tracker, struct event_base *loop);

/* Begins, for the connections that these listeners have accepted; the tracker's last member is done
 * when the server has shut down. The main thread, once. */
void drain_begin(struct drain *drain, struct listeners *listeners);

/* Ends the calls that are left, and a moment later the connections of callers that read nothing,
 * for which C-core would wait for ever. The main thread, after it has begun. */
void drain_force(struct drain *drain);

/* The same at once, for a server whose poller never ran. */
void drain_at_once(struct drain *drain);

/* After the queue has been drained; NULL is allowed. The main thread. */
void drain_free(struct drain *drain);
