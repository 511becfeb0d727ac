/* SPDX-License-Identifier: MIT */
/*
 * How many frames that carry nothing a caller may send: a count of them a second, and more for each
 * stream that it opens. Such frames cost as much as full ones, so that a bound of bytes does not
 * bound them. Pure; one thread at a time for each budget.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct frame_rate {
    int64_t per_second, per_stream;
};

/* The rest of the budget, as the time in which it would be earned anew. */
struct frame_budget {
    int64_t left_ns, now_ns;
};

#define FRAME_BUDGET_SECOND INT64_C(1000000000)

/* Streams earn ten seconds' worth at most. */
#define FRAME_BUDGET_MOST (10 * FRAME_BUDGET_SECOND)

static inline void frame_budget_init(struct frame_budget *budget, int64_t now_ns)
{
    *budget = (struct frame_budget){FRAME_BUDGET_SECOND, now_ns};
}

static inline void frame_budget_earn(struct frame_budget *budget, const struct frame_rate *rate)
{
    budget->left_ns += rate->per_stream * (FRAME_BUDGET_SECOND / rate->per_second);
    if (budget->left_ns > FRAME_BUDGET_MOST)
        budget->left_ns = FRAME_BUDGET_MOST;
}

/* Time passes: it earns up to one second's worth, and takes nothing that streams have earned. */
static inline void frame_budget_advance(struct frame_budget *budget, int64_t now_ns)
{
    int64_t earned_ns = budget->left_ns + (now_ns - budget->now_ns);
    if (budget->left_ns < FRAME_BUDGET_SECOND)
        budget->left_ns = earned_ns < FRAME_BUDGET_SECOND ? earned_ns : FRAME_BUDGET_SECOND;
    budget->now_ns = now_ns;
}

/* Takes one frame; false when nothing was left. The debt does not grow. */
static inline bool frame_budget_take(struct frame_budget *budget, const struct frame_rate *rate)
{
    if (budget->left_ns <= 0)
        return false;
    budget->left_ns -= FRAME_BUDGET_SECOND / rate->per_second;
    return true;
}
