/* SPDX-License-Identifier: MIT */
/*
 * The graceful drain: the server ends without losing a call. After
 * grpc_server_shutdown_and_notify, C-core refuses calls that it reads, also those of callers that
 * have not seen its GOAWAY yet. Therefore the poller first stops reading and lets the calls under
 * way finish, and then a GOAWAY of our own states that nothing else was processed: gRPC
 * clients retry elsewhere what we have not read (RFC 9113 section 6.8), and close the connection.
 */
#pragma once

#include <event2/event.h>

#include "server/core.h"
#include "server/poller.h"

struct drain;

/* All arguments must outlive it. */
struct drain *drain_new(struct core *core, struct poller *poller, struct event_base *loop);

/* Begins for the connections that the core's listeners have accepted. The tracker's own member is
 * done when the server has shut down. The main thread, once. */
void drain_begin(struct drain *drain);

/* Ends the calls that are left, and a moment later the connections whose callers do not read, for
 * which C-core would wait for ever. The main thread, after drain_begin. */
void drain_force(struct drain *drain);

/* Shuts down at once a server whose poller was not started. */
void drain_at_once(struct drain *drain);

/* After poller_stop; NULL is allowed. The main thread. */
void drain_free(struct drain *drain);
