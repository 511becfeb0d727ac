/* SPDX-License-Identifier: MIT */
/*
 * How many connections a thread may use at a time. It begins with what is enough for an upstream
 * that answers at once, and doubles while calls wait for one that is slow. Every change is on
 * trial, and taken back when it brings no more answers: growth that only makes each exchange longer
 * moves the queue into the upstream, where nobody can be told to come back later. When many
 * exchanges miss their deadline there, half as many are tried in the same way. Pure; one thread has
 * it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* After a change that did not pay, nothing is changed for a time that doubles. */
#define CONCURRENCY_LIMIT_FIRST_HOLD_NS (10 * CLOCK_NS_PER_S)
#define CONCURRENCY_LIMIT_LONGEST_HOLD_NS (80 * CLOCK_NS_PER_S)

/* What became of the exchanges of a while. */
struct concurrency_limit_tally {
    size_t ended, missed; /* missed: their deadline passed while the upstream had them */
    double took_ns;       /* all together */
    double busy_ns;       /* in which there was one at least */
};

struct concurrency_limit {
    size_t now, most;
    size_t before;                        /* the change on trial; 0 when none is */
    size_t settling;                      /* exchanges to end that began before the change */
    struct concurrency_limit_tally tally; /* since then */
    int64_t ended_ns;                     /* when the last exchange did */
    double baseline,
        previous_baseline; /* answers in a nanosecond, at most: now; before the change on trial */
    double mean_ns;        /* of the last tally's exchanges; 0 before the first */
    bool missing;          /* many of their deadlines */
    double assumed_ns;     /* growth on trial may make exchanges that long; else 0 */
    int64_t hold_ns, hold_until_ns;
};

/* At most `most`. */
void concurrency_limit_init(struct concurrency_limit *limit, size_t most);

/* An exchange has ended. */
void concurrency_limit_ended(struct concurrency_limit *limit, int64_t took_ns, bool missed,
                             int64_t now_ns);

/* Calls wait although as many connections as may be are in use. */
void concurrency_limit_wanted(struct concurrency_limit *limit, int64_t now_ns);
