/* SPDX-License-Identifier: MIT */
/*
 * May this be sent again, and when? Only what was provably not processed comes here; this says how
 * often and how soon, so that retries never become the load that keeps an upstream down. Pure but
 * for the budget, which any thread may use.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Retries are paid from what first attempts save up: at most one for ten of them, and a few at the
 * start. */
struct retry_budget {
    _Atomic int64_t tenths; /* of a retry */
};

void retry_budget_init(struct retry_budget *budget);

/* A first attempt was made. */
void retry_budget_earn(struct retry_budget *budget);

/* The most attempts that one call gets. */
#define RETRY_MOST_ATTEMPTS 4

/*
 * Whether attempt number `made` + 1 may follow, and then in `delay_ns` how long to rest before it:
 * a random time up to 50 ms, 100 ms, 200 ms … (exponential, full jitter), or at least `wanted_ns`
 * when the upstream named a time. False when too many were made, when the rest would not end
 * `left_ns` from now (the caller's deadline), or when the budget is spent. `random` is any
 * uniformly distributed number.
 */
bool retry_budget_allow(struct retry_budget *budget, unsigned made, int64_t wanted_ns,
                        int64_t left_ns, uint64_t random, int64_t *delay_ns);
