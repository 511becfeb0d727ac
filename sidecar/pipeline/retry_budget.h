/* SPDX-License-Identifier: MIT */
/*
 * How often and how soon requests are retried: bounds that keep retries from becoming the load that
 * an upstream cannot recover from. retry.c decides before whether a retry is safe. Pure but for the
 * budget, which any thread may use.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* First attempts save up for retries: one retry for ten of them, and a few at the start. */
struct retry_budget {
    _Atomic int64_t tenths; /* of a retry */
};

void retry_budget_init(struct retry_budget *budget);

/* A first attempt was made. */
void retry_budget_earn(struct retry_budget *budget);

/* The most attempts that one call gets. */
#define RETRY_MOST_ATTEMPTS 4

/*
 * Returns whether attempt number `made` + 1 is allowed; sets its delay and takes one retry from the
 * budget. The delay is `wanted_ns`, the time that the upstream named or 0, and a random time up to
 * 50 ms, 100 ms, 200 ms … (exponential, full jitter). False when too many attempts were made, when
 * the delay would not end within `left_ns` (the caller's deadline), or when the budget is spent.
 * `random` is any uniformly distributed number.
 */
bool retry_budget_allow(struct retry_budget *budget, unsigned made, int64_t wanted_ns,
                        int64_t left_ns, uint64_t random, int64_t *delay_ns);
