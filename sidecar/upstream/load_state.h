/* SPDX-License-Identifier: MIT */
/*
 * A state of an upstream that is worth a log line when it begins and when it ends. It begins when
 * it is seen, and ends when it was not seen for a while, so that there are few lines however often
 * it comes and goes. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define LOAD_STATE_HOLD_NS (10 * CLOCK_NS_PER_S)

/* All zero at first. */
struct load_state {
    bool lasts;
    int64_t seen_ns; /* when it was seen last, while it lasts */
};

/* Returns whether the state has begun or ended; it is looked for now and then. */
bool load_state_changed(struct load_state *state, bool is_seen, int64_t now_ns);
