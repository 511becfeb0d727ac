/* SPDX-License-Identifier: MIT */
#include "upstream/breaker.h"

#include "base/banned.h"

const char *const breaker_state_names[BREAKER_STATES] = {
    [BREAKER_CLOSED] = "closed",
    [BREAKER_HALF_OPEN] = "half_open",
    [BREAKER_OPEN] = "open",
};

void breaker_init(struct breaker *breaker, struct metrics *metrics)
{
    *breaker = (struct breaker){.metrics = metrics};
}

static void enter(struct breaker *breaker, enum breaker_state state)
{
    enum breaker_state before = breaker_state(breaker);
    atomic_store_explicit(&breaker->state, state,
                          memory_order_relaxed); /* relaxed, as it is read */
    metric_count(breaker->metrics, METRIC_UPSTREAM_BREAKER_CHANGES, state, 0);
    metric_add(breaker->metrics, METRIC_UPSTREAM_BREAKERS_OPEN, 0, 0,
               (state != BREAKER_CLOSED) - (before != BREAKER_CLOSED));
}

bool breaker_may_try(struct breaker *breaker, int64_t now_ns)
{
    enum breaker_state state = breaker_state(breaker);
    if (state != BREAKER_OPEN || now_ns < breaker->until_ns)
        return state == BREAKER_CLOSED;
    breaker->probe_ns = now_ns;
    enter(breaker, BREAKER_HALF_OPEN);
    return true;
}

void breaker_succeeded(struct breaker *breaker)
{
    if (breaker_state(breaker) == BREAKER_CLOSED)
        return;
    breaker->pause_ns = 0;
    enter(breaker, BREAKER_CLOSED);
}

static int64_t next_pause_ns(const struct breaker *breaker)
{
    if (breaker->pause_ns == 0)
        return BREAKER_FIRST_PAUSE_NS;
    int64_t doubled = breaker->pause_ns * 2;
    return doubled < BREAKER_LONGEST_PAUSE_NS ? doubled : BREAKER_LONGEST_PAUSE_NS;
}

void breaker_failed(struct breaker *breaker, int64_t began_ns, int64_t now_ns)
{
    enum breaker_state state = breaker_state(breaker);
    if (state == BREAKER_OPEN || (state == BREAKER_HALF_OPEN && began_ns < breaker->probe_ns))
        return;
    breaker->pause_ns = next_pause_ns(breaker);
    breaker->until_ns = now_ns + breaker->pause_ns;
    enter(breaker, BREAKER_OPEN);
}

bool breaker_allows_wait(const struct breaker *breaker, int64_t began_ns, int64_t now_ns)
{
    return breaker_state(breaker) == BREAKER_CLOSED || now_ns - began_ns < BREAKER_PATIENCE_NS;
}

int64_t breaker_wait_ns(const struct breaker *breaker, int64_t now_ns)
{
    if (breaker_state(breaker) != BREAKER_OPEN)
        return breaker->pause_ns;
    return now_ns < breaker->until_ns ? breaker->until_ns - now_ns : 0;
}
