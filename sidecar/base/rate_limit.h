/* SPDX-License-Identifier: MIT */
/*
 * How often something may happen: a burst of it at once, then once in a while. It is kept as the
 * theoretical arrival time (GCRA): when all that has happened would have been due, had it come
 * evenly. Zeroed memory is a rate of which nothing is used. Any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
    _Atomic int64_t tat_ns;
};

/* True, and counted, when it may happen now: `burst` times at once, then once each `each_ns`. */
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
