/* SPDX-License-Identifier: MIT */
/*
 * The lists of a loop's exchanges, one for each stage. An exchange is in the list of its stage, or
 * in none. The loop's thread only.
 */
#pragma once

#include "upstream/loop.h"

/* Moves the exchange from the list that it is in, if any, to the end of another one. */
void stage_enter(struct exchange *exchange, enum exchange_stage stage);

/* Takes the exchange from the list that it is in, if any. */
void stage_leave(struct exchange *exchange);

/* The one that entered first; of those that wait, the one whose turn it is. NULL without any. */
struct exchange *stage_first(const struct upstream_loop *loop, enum exchange_stage stage);
