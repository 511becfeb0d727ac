/* SPDX-License-Identifier: MIT */
#include "pipeline/retry_budget.h"

#include "base/clock.h"

#include "base/banned.h"

#define FIRST_DELAY_NS (50 * CLOCK_NS_PER_MS)

/* The price of a retry, in tenths: ten first attempts pay for one. */
#define PRICE 10

/* Saved up at most, and there from the start, so that a quiet sidecar survives an upstream's
 * restart. */
#define MOST_SAVED (10 * PRICE)

void retry_budget_init(struct retry_budget *budget)
{
    atomic_init(&budget->tenths, MOST_SAVED);
}

/* Relaxed: a budget is approximate, and no other memory depends on it. */
void retry_budget_earn(struct retry_budget *budget)
{
    if (atomic_load_explicit(&budget->tenths, memory_order_relaxed) < MOST_SAVED)
        atomic_fetch_add_explicit(&budget->tenths, 1, memory_order_relaxed);
}

static bool spend(struct retry_budget *budget)
{
    int64_t saved = atomic_load(&budget->tenths);
    while (saved >= PRICE)
        if (atomic_compare_exchange_weak(&budget->tenths, &saved, saved - PRICE))
            return true;
    return false;
}

bool retry_budget_allow(struct retry_budget *budget, unsigned made, int64_t wanted_ns,
                        int64_t left_ns, uint64_t random, int64_t *delay_ns)
{
    if (made == 0 || made >= RETRY_MOST_ATTEMPTS)
        return false;
    int64_t longest_ns = FIRST_DELAY_NS << (made - 1);
    int64_t delay = wanted_ns + (int64_t)(random % (uint64_t)longest_ns);
    if (delay >= left_ns || !spend(budget))
        return false;
    *delay_ns = delay;
    return true;
}
