/* SPDX-License-Identifier: MIT */
/*
 * How often something may happen: a burst of it at once, then once in a while. It is kept as the
 * one moment at which all that has happened would have been due, had it come evenly. Zeroed memory
 * is a rate of which nothing is used. Any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rate {
    _Atomic int64_t due_ns;
};

/* True, and counted, when it may happen now: `burst` times at once, then once each `each_ns`. */
static inline bool rate_take(struct rate *rate, int64_t now_ns, int64_t each_ns, int64_t burst)
{
    int64_t due = atomic_load_explicit(&rate->due_ns, memory_order_relaxed), next;
    do {
        next = (due > now_ns ? due : now_ns) + each_ns;
        if (next - now_ns > burst * each_ns)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&rate->due_ns, &due, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}
