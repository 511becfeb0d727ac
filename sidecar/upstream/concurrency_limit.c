/* SPDX-License-Identifier: MIT */
#include "upstream/concurrency_limit.h"

#include <math.h>

#include "base/banned.h"

/* Fewer exchanges are too few to judge by; for the first judgement few are enough, because those
 * that follow may have queued behind them. */
#define FEWEST 8
#define FEWEST_AT_FIRST 4

/* Shorter exchanges never count as queueing upstream, whatever the best was: their durations vary
 * by several times with the load of the machine. */
#define SLOW_NS (20 * CLOCK_NS_PER_MS)

/* While exchanges are shorter than QUICK_NS, ENOUGH_WHEN_QUICK at a time are enough: calls wait
 * because the sidecar is busy, and more connections only cost memory. */
#define QUICK_NS (5 * CLOCK_NS_PER_MS)
#define ENOUGH_WHEN_QUICK 32

/* Durations, as multiples of the best: LONGER means that exchanges queue upstream. While they are
 * AS_SHORT, or below SLOW_NS, the limit grows by a half; at first, by one for each exchange that is
 * NEARLY_AS_SHORT.
 */
#define LONGER 1.5
#define AS_SHORT 1.05
#define NEARLY_AS_SHORT 1.25

/* A shrink that leaves more of the mean has not helped: the exchanges did not queue. */
#define UNCHANGED 0.9

/* The newest duration's share of the usual one, and that of a mean of the best. */
#define SHARE (1.0 / 8)
#define SHARE_WHEN_SHORTER (1.0 / 4)
#define SHARE_WHEN_LONGER (1.0 / 16)

void concurrency_limit_init(struct concurrency_limit *limit, size_t first, size_t most)
{
    *limit = (struct concurrency_limit){.now = first < most ? first : most,
                                        .most = most,
                                        .reach = most,
                                        .grows = true,
                                        .enough = FEWEST_AT_FIRST};
}

int64_t concurrency_limit_lease_ns(const struct concurrency_limit *limit)
{
    if (limit->usual_ns == 0)
        return CONCURRENCY_LIMIT_FIRST_LEASE_NS;
    return (int64_t)fmax(CONCURRENCY_LIMIT_LEASE * limit->usual_ns,
                         CONCURRENCY_LIMIT_SHORTEST_LEASE_NS);
}

static void change(struct concurrency_limit *limit, double factor)
{
    limit->now = (size_t)fmin(fmax((double)limit->now * factor, 1), (double)limit->most);
}

static bool may_grow(const struct concurrency_limit *limit, double took_ns, double as_short)
{
    bool is_enough = took_ns < QUICK_NS && limit->now >= ENOUGH_WHEN_QUICK;
    return limit->is_short && !is_enough && took_ns <= fmax(limit->best_ns * as_short, SLOW_NS);
}

static void shrink(struct concurrency_limit *limit, double mean_ns)
{
    limit->grows = false;
    limit->former_ns = mean_ns;
    limit->former = limit->now;
    change(limit, limit->best_ns / mean_ns);
}

static void measure_best(struct concurrency_limit *limit, double mean_ns)
{
    limit->grows = mean_ns > limit->former_ns * UNCHANGED;
    if (limit->grows)
        limit->now = limit->former;
    limit->reach = limit->grows ? limit->most : limit->now;
    limit->former_ns = 0;
    limit->best_ns = mean_ns;
}

static void compare(struct concurrency_limit *limit, double mean_ns)
{
    double longer_ns = mean_ns - limit->best_ns;
    if (mean_ns > fmax(limit->best_ns * LONGER, SLOW_NS)) {
        shrink(limit, mean_ns);
        return;
    }
    limit->best_ns += longer_ns * (longer_ns < 0 ? SHARE_WHEN_SHORTER : SHARE_WHEN_LONGER);
    if (limit->grows)
        return;
    bool grows = may_grow(limit, mean_ns, AS_SHORT);
    if (grows)
        change(limit, 1.5);
    limit->reach = limit->now * (grows ? 4 : 1);
}

static void judge(struct concurrency_limit *limit)
{
    double mean_ns = limit->took_ns / fmax((double)limit->answered, 1);
    if (limit->missed > limit->answered) {
        limit->grows = false;
        change(limit, 0.5);
        limit->reach = limit->now;
    } else if (limit->answered == 0) {
        return;
    } else if (limit->best_ns == 0) {
        limit->best_ns = mean_ns;
    } else {
        (limit->former_ns > 0 ? measure_best : compare)(limit, mean_ns);
    }
}

static void begin_judgement(struct concurrency_limit *limit, int64_t now_ns)
{
    limit->enough = limit->best_ns == 0   ? FEWEST_AT_FIRST
                    : limit->now < FEWEST ? FEWEST
                                          : limit->now;
    limit->began = limit->ended = limit->answered = limit->missed = 0;
    limit->took_ns = 0;
    limit->is_short = false;
    limit->from_ns = now_ns;
}

static bool is_judged(const struct concurrency_limit *limit, int64_t began_ns)
{
    return limit->began > 0 && began_ns >= limit->from_ns && began_ns <= limit->to_ns;
}

static void count(struct concurrency_limit *limit, int64_t began_ns, int64_t now_ns)
{
    bool misses = limit->missed >= FEWEST && limit->missed > limit->answered;
    limit->ended += is_judged(limit, began_ns);
    if (!misses && limit->ended < limit->enough)
        return;
    judge(limit);
    begin_judgement(limit, now_ns);
}

void concurrency_limit_began(struct concurrency_limit *limit, int64_t now_ns)
{
    if (limit->began == limit->enough)
        return;
    limit->began++;
    limit->to_ns = now_ns;
}

void concurrency_limit_lapsed(struct concurrency_limit *limit, int64_t began_ns, int64_t now_ns)
{
    if (began_ns >= limit->answered_ns) {
        limit->stalls = true;
        limit->stalled_ns = now_ns;
    }
    count(limit, began_ns, now_ns);
}

bool concurrency_limit_prefers_newest(const struct concurrency_limit *limit, int64_t now_ns)
{
    return limit->stalled_ns > 0 &&
           (limit->stalls || now_ns - limit->stalled_ns < CONCURRENCY_LIMIT_SHORTEST_LEASE_NS);
}

/* When nothing is answered in time any more, the exchanges that were taken to hang show what is
 * usual now. */
static void learn(struct concurrency_limit *limit, double took_ns, int64_t now_ns)
{
    double lease_ns = (double)concurrency_limit_lease_ns(limit);
    if (limit->usual_ns == 0)
        limit->usual_ns = took_ns;
    else if (limit->stalls)
        limit->usual_ns = fmin(took_ns, lease_ns);
    else
        limit->usual_ns += (took_ns - limit->usual_ns) * SHARE;
    limit->stalls = false;
    limit->answered_ns = now_ns;
    if (limit->grows && limit->now < limit->most)
        limit->now += may_grow(limit, took_ns, NEARLY_AS_SHORT);
}

bool concurrency_limit_ended(struct concurrency_limit *limit, enum exchange_ending ending,
                             bool lapsed, int64_t began_ns, int64_t now_ns)
{
    double took_ns = (double)(now_ns - began_ns);
    bool responded = ending == EXCHANGE_RESPONDED;
    if (lapsed && limit->usual_ns > 0 && !limit->stalls)
        return false;
    if (responded)
        learn(limit, took_ns, now_ns);
    if (lapsed)
        return true;
    if (is_judged(limit, began_ns)) {
        limit->answered += responded;
        limit->missed += ending == EXCHANGE_MISSED;
        limit->took_ns += responded ? took_ns : 0;
    }
    count(limit, began_ns, now_ns);
    return true;
}

void concurrency_limit_wanted(struct concurrency_limit *limit)
{
    limit->is_short = true;
}
