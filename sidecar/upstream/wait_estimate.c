/* SPDX-License-Identifier: MIT */
#include "upstream/wait_estimate.h"

#include <math.h>

#include "base/clock.h"

#include "base/banned.h"

/* The newest exchange's share of the moving average by count, as TCP has it for round trips (RFC
 * 6298). */
#define SHARE (1.0 / 8)

/* Exchanges that ended that long ago have half the weight. */
#define MEMORY_NS ((double)CLOCK_NS_PER_S)

static void blend(struct wait_estimate_view *view, double took_ns, double share)
{
    double error_ns = took_ns - view->mean_ns;
    view->mean_ns += error_ns * share;
    view->deviation_ns += (fabs(error_ns) - view->deviation_ns) * share;
}

static double mean_ns(const struct wait_estimate *estimate)
{
    return fmin(estimate->by_count.mean_ns, estimate->by_time.mean_ns);
}

static double rarely_passed_ns(const struct wait_estimate_view *view)
{
    return view->mean_ns + 2 * view->deviation_ns;
}

void wait_estimate_learn(struct wait_estimate *estimate, int64_t took_ns, int64_t now_ns)
{
    double took = (double)took_ns, passed = (double)(now_ns - estimate->learned_ns);
    if (estimate->learned_ns == 0)
        estimate->by_count = estimate->by_time = (struct wait_estimate_view){took, 0};
    blend(&estimate->by_count, took, SHARE);
    blend(&estimate->by_time, took, passed / (passed + MEMORY_NS));
    estimate->learned_ns = now_ns;
}

void wait_estimate_learn_at_least(struct wait_estimate *estimate, int64_t took_ns, int64_t now_ns)
{
    if ((double)took_ns > mean_ns(estimate))
        wait_estimate_learn(estimate, took_ns, now_ns);
}

int64_t wait_estimate_exchange_ns(const struct wait_estimate *estimate)
{
    return (int64_t)fmin(rarely_passed_ns(&estimate->by_count),
                         rarely_passed_ns(&estimate->by_time));
}

int64_t wait_estimate_wait_ns(const struct wait_estimate *estimate, size_t before,
                              size_t connections, size_t reach, int64_t stalled_ns)
{
    if (connections == 0 || before < connections)
        return 0;
    double each = mean_ns(estimate), turns = (double)(before - connections + 1);
    /* A stall that has lasted longer than the mean is assumed to last as long again, but not for
     * every exchange. */
    double late = fmax((double)stalled_ns - each, 0), at_a_time = (double)connections;
    size_t rounds = 0;
    for (; at_a_time < (double)reach && turns > at_a_time; rounds++) {
        turns -= at_a_time;
        at_a_time = fmin(at_a_time * 2, (double)reach);
    }
    return (int64_t)(late + ((double)rounds + turns / at_a_time) * each);
}
