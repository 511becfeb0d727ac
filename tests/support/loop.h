/* SPDX-License-Identifier: MIT */
/* Running an event loop until something has come about. Include cmocka.h first. */
#pragma once

#include <event2/event.h>

#include "base/clock.h"

/* No test waits longer for what has to come. */
#define LOOP_PATIENCE_NS (60 * CLOCK_NS_PER_S)

/* Lets the loop do what there is to do, or wait a moment for it. */
static inline void loop_turn(struct event_base *loop)
{
    event_base_loopexit(loop, &(struct timeval){.tv_usec = 10000});
    event_base_loop(loop, EVLOOP_ONCE);
}

#define loop_until(loop, condition)                                                                \
    for (int64_t loop_end = clock_now_ns() + LOOP_PATIENCE_NS; !(condition);) {                    \
        if (clock_now_ns() > loop_end)                                                             \
            fail_msg("it never came that %s", #condition);                                         \
        loop_turn(loop);                                                                           \
    }
