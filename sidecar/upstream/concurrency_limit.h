/* SPDX-License-Identifier: MIT */
/*
 * How many connections a thread may use at a time. The limit begins with as many as a fast upstream
 * needs, and doubles while calls wait for a slow one. Every change is on trial, and is reverted
 * when it brings no more responses: growth that only makes each exchange longer moves the queue
 * into the upstream, where calls cannot be rejected with a time to retry after. When many exchanges
 * miss their deadline there, half as many connections are tried in the same way. Pure; one thread
 * has it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* After a change that was reverted, nothing is changed for a time that doubles. */
#define CONCURRENCY_LIMIT_FIRST_HOLD_NS (10 * CLOCK_NS_PER_S)
#define CONCURRENCY_LIMIT_LONGEST_HOLD_NS (80 * CLOCK_NS_PER_S)

/* Sums over the exchanges of a period. */
struct concurrency_limit_tally {
    size_t ended, missed; /* missed: their deadline passed while the upstream had them */
    double took_ns;       /* sum of durations */
    double busy_ns;       /* during which at least one ran */
};

struct concurrency_limit {
    size_t now, most;
    size_t before;                        /* the change on trial; 0 when none is */
    size_t settling;                      /* exchanges to end that began before the change */
    struct concurrency_limit_tally tally; /* since then */
    int64_t ended_ns;                     /* when the last exchange did */
    double baseline, previous_baseline;   /* largest throughput, in responses per nanosecond: now;
                                             before the   change on trial */
    double mean_ns;                       /* of the last tally's exchanges; 0 before the first */
    bool missing;                         /* many of their deadlines */
    double assumed_ns; /* exchange time to assume while growth is on trial, else 0 */
    int64_t hold_ns, hold_until_ns;
};

/* At most `most`. */
void concurrency_limit_init(struct concurrency_limit *limit, size_t most);

/* An exchange has ended. */
void concurrency_limit_ended(struct concurrency_limit *limit, int64_t took_ns, bool missed,
                             int64_t now_ns);

/* Calls wait although the limit is in use. */
void concurrency_limit_wanted(struct concurrency_limit *limit, int64_t now_ns);
