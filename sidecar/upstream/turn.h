/* SPDX-License-Identifier: MIT */
/*
 * The order in which a loop's exchanges get connections. Callers take turns; the exchanges of one
 * wait in the order in which they came. When a free connection is at hand for the first of them,
 * that exchange is committed, and begins when the commit has arrived at the caller: only a request
 * that can be sent is committed, because gRPC clients do not retry a committed call. The loop's
 * thread only.
 */
#pragma once

#include "upstream/loop.h"

/* False when the kernel or libevent refuses. */
must_use bool turns_init(struct upstream_loop *loop);
void turns_clear(struct upstream_loop *loop);

/* Puts an exchange at the end of the queue; ends it at once when its turn would come too late. */
void turn_wait(struct exchange *exchange);

/* An exchange that is committed takes the next connection that is free. */
void turn_ready(struct exchange *exchange);

/* The commit of an exchange has arrived, unless it was withdrawn; the exchange may have ended. */
void turn_committed(struct exchange *exchange);

/*
 * Once a round of the event loop, after all its events: a connection that has ended is then known
 * to have ended, and as many exchanges start as connections are free.
 */
void turns_start(struct upstream_loop *loop);
