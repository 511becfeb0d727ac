/* SPDX-License-Identifier: MIT */
/*
 * A limit on the rate of events: a burst at once, then one event per interval. The state is the
 * theoretical arrival time (GCRA): the time at which the next event would be due if the events so
 * far had come evenly. A limit of zeroed memory has its whole burst left. Used by one thread at a
 * time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
    _Atomic int64_t tat_ns;
};

/* All accesses are relaxed: the time is the whole state, and no other memory depends on it. */

/* Returns true and counts the event when it is allowed now: `burst` events at once, then one per
 * `each_ns`. */
static inline bool rate_limit_take(struct rate_limit *limit, int64_t now_ns, int64_t each_ns,
                                   int64_t burst)
{
    int64_t due = atomic_load_explicit(&limit->tat_ns, memory_order_relaxed), next;
    do {
        next = (due > now_ns ? due : now_ns) + each_ns;
        if (next - now_ns > burst * each_ns)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&limit->tat_ns, &due, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

/* Counts events that have happened, allowed or not. They cost `cost_ns` of the `burst_ns` that may
 * be spent at once and that come back as time passes. Returns the debt: the time until something
 * may be spent again, 0 when it may be now, at most `longest_ns`. */
static inline int64_t rate_limit_spend(struct rate_limit *limit, int64_t now_ns, int64_t cost_ns,
                                       int64_t burst_ns, int64_t longest_ns)
{
    int64_t due = atomic_load_explicit(&limit->tat_ns, memory_order_relaxed), next;
    do {
        next = (due > now_ns ? due : now_ns) + cost_ns;
        if (next > now_ns + burst_ns + longest_ns)
            next = now_ns + burst_ns + longest_ns;
    } while (!atomic_compare_exchange_weak_explicit(&limit->tat_ns, &due, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    return next > now_ns + burst_ns ? next - now_ns - burst_ns : 0;
}

/* Returns whether a debt is left. */
static inline bool rate_limit_is_spent(const struct rate_limit *limit, int64_t now_ns,
                                       int64_t burst_ns)
{
    return atomic_load_explicit(&limit->tat_ns, memory_order_relaxed) > now_ns + burst_ns;
}
