/* SPDX-License-Identifier: MIT */
/*
 * How long a call will wait for a connection, judged by how long exchanges took lately: one mean
 * by count and one by time. The shorter of the two counts, so that neither a moment's stall nor a
 * slow period that is over rejects calls. Pure; one thread has it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Durations, and how far they are from their mean on average. */
struct wait_estimate_view {
    double mean_ns, deviation_ns;
};

/* All zero before the first exchange: then nothing is expected. */
struct wait_estimate {
    struct wait_estimate_view by_count, by_time;
    int64_t learned_ns; /* when the last exchange ended */
};

/* Records a duration; `_at_least` when no response came, so the true one is longer. */
void wait_estimate_learn(struct wait_estimate *estimate, int64_t took_ns, int64_t now_ns);
void wait_estimate_learn_at_least(struct wait_estimate *estimate, int64_t took_ns, int64_t now_ns);

/* A duration of an exchange that is rarely exceeded. */
int64_t wait_estimate_exchange_ns(const struct wait_estimate *estimate);

/* The time until an exchange begins that comes after `before` others, waiting or running, on
 * `connections`, which double with each round of exchanges until they are `reach`. While all of
 * them are busy, `stalled_ns` is how long none has ended. */
int64_t wait_estimate_wait_ns(const struct wait_estimate *estimate, size_t before,
                              size_t connections, size_t reach, int64_t stalled_ns);
