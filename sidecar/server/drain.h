/* SPDX-License-Identifier: MIT */
/*
 * The graceful drain: the server ends without losing a call. After
 * grpc_server_shutdown_and_notify, C-core refuses calls that it reads. Therefore the front first
 * takes no more calls, names the last one in a GOAWAY (RFC 9113 section 6.8), and closes the
 * connections whose calls have ended; C-core is shut down when it has none left.
 */
#pragma once

#include <event2/event.h>

#include "server/core.h"
#include "server/poller.h"

struct drain;

/* All arguments must outlive it. */
struct drain *drain_new(struct core *core, struct poller *poller, struct event_base *loop);

/* Begins for the connections of the core's front. The tracker's own member is done when the server
 * has shut down. The main thread, once. */
void drain_begin(struct drain *drain);

/* C-core serves no connection any more: shuts it down. Any thread, once. */
void drain_finish(struct drain *drain);

/* Ends the calls that are left, and a moment later the connections whose callers do not read. The
 * main thread, after drain_begin. */
void drain_force(struct drain *drain);

/* Shuts down at once a server whose poller was not started. */
void drain_at_once(struct drain *drain);

/* After poller_stop; NULL is allowed. The main thread. */
void drain_free(struct drain *drain);
