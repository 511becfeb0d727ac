/* SPDX-License-Identifier: MIT */
/*
 * How the server says goodbye without losing a call. C-core refuses calls that reach it after
 * grpc_server_shutdown_and_notify, also those of callers that have not seen its GOAWAY yet. So
 * nothing is read any more before it is called, and calls under way finish. Then callers are told,
 * by a GOAWAY of ours, that nothing else was processed: they repeat elsewhere, by themselves, what
 * we have not read (RFC 9113 section 6.8), and close the connection.
 */
#pragma once

#include <event2/event.h>

#include "server/core.h"
#include "server/listener.h"
#include "server/poller.h"

struct farewell;

/* All that it is given outlives it. */
struct farewell *farewell_new(grpc_server *server, grpc_completion_queue *queue, struct bell *bell,
                              struct life *life, struct event_base *loop);

/* Begins, for the connections that these listeners have accepted; the life's last member leaves
 * when the server has shut down. The main thread, once. */
void farewell_begin(struct farewell *farewell, struct listeners *listeners);

/* Ends the calls that are left, and a moment later the connections of callers that read nothing,
 * for which C-core would wait for ever. The main thread, after it has begun. */
void farewell_force(struct farewell *farewell);

/* The same at once, for a server whose poller never ran. */
void farewell_at_once(struct farewell *farewell);

/* After the queue has been drained; NULL is allowed. The main thread. */
void farewell_free(struct farewell *farewell);
