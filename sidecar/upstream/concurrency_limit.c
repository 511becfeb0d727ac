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

/* While exchanges are shorter than QUICK_NS, or QUICK_PER_SECOND of them end in a second, which is
 * what the sidecar itself can serve with a few cores, ENOUGH_WHEN_QUICK at a time are enough: calls
 * wait because the sidecar is busy, and more connections only cost memory. */
#define QUICK_NS (5 * CLOCK_NS_PER_MS)
#define QUICK_PER_SECOND 10000
#define ENOUGH_WHEN_QUICK 32

/* Durations, as multiples of the best: LONGER means that exchanges queue upstream. While they are
 * AS_SHORT, or below SLOW_NS, the limit grows by a half; while they are NEARLY_AS_SHORT, by one,
 * and at first by one for each such exchange. */
#define LONGER 1.5
#define AS_SHORT 1.05
#define NEARLY_AS_SHORT 1.25

/* The newest duration's share of the usual one, and that of a mean of the best. */
#define SHARE (1.0 / 8)
#define SHARE_WHEN_SHORTER (1.0 / 4)
#define SHARE_WHEN_LONGER (1.0 / 64)

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

static bool is_longer(const struct concurrency_limit *limit, double took_ns, double times)
{
    return took_ns > fmax(limit->best_ns * times, SLOW_NS);
}

/* By the usual duration: among many exchanges some are always longer. */
static bool is_enough(const struct concurrency_limit *limit)
{
    double per_second = (double)limit->now * CLOCK_NS_PER_S / limit->usual_ns;
    return limit->now >= ENOUGH_WHEN_QUICK &&
           (limit->usual_ns < QUICK_NS || per_second >= QUICK_PER_SECOND);
}

static bool may_grow(const struct concurrency_limit *limit, double took_ns, double as_short)
{
    return limit->is_short && !is_enough(limit) && !is_longer(limit, took_ns, as_short);
}

/* Of the exchanges that are judged together. */
static double mean_ns(const struct concurrency_limit *limit)
{
    return limit->took_ns / fmax((double)limit->answered, 1);
}

static double standard_error_ns(const struct concurrency_limit *limit)
{
    double answered = (double)limit->answered, mean = mean_ns(limit);
    return sqrt(fmax(limit->took_squared / answered - mean * mean, 0) / answered);
}

/* Durations that vary have a mean that does: twice its standard error is not taken for a queue. */
static bool queues(const struct concurrency_limit *limit)
{
    return is_longer(limit, mean_ns(limit) - 2 * standard_error_ns(limit), LONGER);
}

/* In proportion: the exchanges that were judged began while `enough` were under way. */
static void shrink(struct concurrency_limit *limit)
{
    limit->grows = false;
    limit->former_ns = mean_ns(limit);
    limit->former = limit->now;
    limit->now = limit->enough < limit->now ? limit->enough : limit->now;
    change(limit, limit->best_ns / limit->former_ns);
    limit->settles_ns = (int64_t)limit->former_ns;
}

static void halve(struct concurrency_limit *limit)
{
    limit->grows = false;
    limit->former_ns = 0;
    limit->times_lowered++;
    change(limit, 0.5);
    limit->reach = limit->now;
    limit->settles_ns = (int64_t)limit->usual_ns;
}

/* A shrink that leaves the mean nearer to the former one than to the best has not helped: the
 * exchanges did not queue. */
static void measure_best(struct concurrency_limit *limit)
{
    double mean = mean_ns(limit);
    limit->grows = mean / limit->best_ns > limit->former_ns / mean;
    if (limit->grows)
        limit->now = limit->former;
    limit->times_lowered += !limit->grows;
    limit->reach = limit->grows ? limit->most : limit->now;
    limit->former_ns = 0;
    limit->best_ns = mean;
}

static void grow(struct concurrency_limit *limit)
{
    bool grows = may_grow(limit, mean_ns(limit), AS_SHORT);
    if (grows)
        change(limit, 1.5);
    else if (limit->now < limit->most)
        limit->now += may_grow(limit, mean_ns(limit), NEARLY_AS_SHORT);
    limit->reach = limit->now * (grows ? 4 : 1);
}

static void compare(struct concurrency_limit *limit)
{
    double longer_ns = mean_ns(limit) - limit->best_ns;
    if (queues(limit)) {
        shrink(limit);
        return;
    }
    limit->best_ns += longer_ns * (longer_ns < 0 ? SHARE_WHEN_SHORTER : SHARE_WHEN_LONGER);
    if (!limit->grows)
        grow(limit);
}

/* Exchanges that miss their deadline have queued, or they hang: probably the latter while those
 * that are answered are as short as the best. */
static bool mostly_misses(const struct concurrency_limit *limit)
{
    size_t others = limit->ended - limit->missed;
    bool may_hang = limit->answered > 0 && !is_longer(limit, mean_ns(limit), NEARLY_AS_SHORT);
    return limit->missed > others * (may_hang ? 3 : 1);
}

static void judge(struct concurrency_limit *limit)
{
    if (mostly_misses(limit))
        halve(limit);
    else if (limit->answered == 0)
        return;
    else if (limit->best_ns == 0)
        limit->best_ns = mean_ns(limit);
    else
        (limit->former_ns > 0 ? measure_best : compare)(limit);
}

static void begin_judgement(struct concurrency_limit *limit, int64_t now_ns)
{
    limit->enough = limit->best_ns == 0   ? FEWEST_AT_FIRST
                    : limit->now < FEWEST ? FEWEST
                                          : limit->now;
    limit->began = limit->ended = limit->answered = limit->missed = 0;
    limit->took_ns = limit->took_squared = 0;
    limit->is_short = false;
    limit->from_ns = now_ns;
}

static bool is_judged(const struct concurrency_limit *limit, int64_t began_ns)
{
    return limit->began > 0 && began_ns >= limit->from_ns && began_ns <= limit->to_ns;
}

static void count(struct concurrency_limit *limit, int64_t began_ns, int64_t now_ns)
{
    limit->ended += is_judged(limit, began_ns);
    bool misses = limit->missed >= FEWEST && mostly_misses(limit);
    if (!misses && limit->ended < limit->enough)
        return;
    judge(limit);
    begin_judgement(limit, now_ns);
}

void concurrency_limit_began(struct concurrency_limit *limit, int64_t now_ns)
{
    if (limit->settles_ns > 0)
        limit->from_ns = now_ns + limit->settles_ns;
    limit->settles_ns = 0;
    if (limit->began == limit->enough || now_ns < limit->from_ns)
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
        limit->missed += ending == EXCHANGE_MISSED && is_longer(limit, took_ns, LONGER);
        limit->took_ns += responded ? took_ns : 0;
        limit->took_squared += responded ? took_ns * took_ns : 0;
    }
    count(limit, began_ns, now_ns);
    return true;
}

void concurrency_limit_wanted(struct concurrency_limit *limit)
{
    limit->is_short = true;
}
