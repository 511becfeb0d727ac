/* SPDX-License-Identifier: MIT */
/*
 * The ways in which an exchange ends that are not its connection's. Each sets the result of the
 * exchange, takes it from its list and calls its `done`. The loop's thread only.
 */
#pragma once

#include "upstream/loop.h"

/* Ends an exchange whose facts are set. */
void ending_report(struct exchange *exchange);

/* Ends an exchange of which not a byte has left, with the status of the cause. */
void ending_unsent(struct exchange *exchange, enum exchange_cause cause);

/* The same, when there is no connection and the deadline leaves no time to make one. */
void ending_hurried(struct exchange *exchange);

/* Ends an exchange in any stage; a connection that it runs on is closed. */
void ending_early(struct exchange *exchange, enum exchange_cause cause);

/* Ends an exchange whose turn would come in `wait_ns` although its deadline is in `left_ns`. */
void ending_overloaded(struct exchange *exchange, int64_t wait_ns, int64_t left_ns);

/* The same, when it is the rate that would let it go too late. */
void ending_throttled(struct exchange *exchange, int64_t wait_ns, int64_t left_ns);

/* Ends all exchanges that wait for a connection, because none can be had. */
void ending_unreachable(struct upstream_loop *loop);
