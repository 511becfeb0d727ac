/* SPDX-License-Identifier: MIT */
#include "upstream/concurrency_limit.h"

#include <math.h>

#include "base/banned.h"

/* Enough for an upstream that responds at once: more were measured to cost memory and gain nothing.
 */
#define FIRST 32

/* Fewer exchanges are too few to judge by. */
#define FEWEST_ENDED 16

/* The throughput that more connections must add, as a share of the most that they could. */
#define GAIN (1.0 / 3)

#define MANY_MISSED 0.25

/* While exchanges are quicker, calls wait because the sidecar is busy, not the upstream. */
#define SLOW_NS (20 * CLOCK_NS_PER_MS)

/* The newest tally's share of the mean. */
#define SHARE (1.0 / 4)

void concurrency_limit_init(struct concurrency_limit *limit, size_t most)
{
    *limit = (struct concurrency_limit){.now = most < FIRST ? most : FIRST, .most = most};
}

static double answered(const struct concurrency_limit_tally *tally)
{
    return (double)(tally->ended - tally->missed);
}

/* If all connections were in use all the time. */
static double yield_at_most(const struct concurrency_limit *limit)
{
    return (double)limit->now * answered(&limit->tally) / fmax(limit->tally.took_ns, 1);
}

/* Growth is judged by its result, because exchanges take no longer while it is not used.
 */
static bool has_paid(const struct concurrency_limit *limit)
{
    double growth = (double)limit->now / (double)limit->before - 1;
    if (growth < 0)
        return yield_at_most(limit) > limit->previous_baseline;
    return answered(&limit->tally) / fmax(limit->tally.busy_ns, 1) >=
           limit->previous_baseline * (1 + growth * GAIN);
}

static void change(struct concurrency_limit *limit, size_t wanted, size_t before)
{
    limit->settling = limit->now;
    limit->before = before;
    limit->now = wanted;
    limit->previous_baseline = limit->baseline;
    limit->baseline = 0;
    limit->assumed_ns =
        before && before < wanted ? limit->mean_ns * (double)wanted / (double)before : 0;
    limit->mean_ns = 0;
    limit->missing = false;
    limit->tally = (struct concurrency_limit_tally){0};
}

static void revert(struct concurrency_limit *limit, int64_t now_ns)
{
    limit->hold_ns = limit->hold_ns == 0 ? CONCURRENCY_LIMIT_FIRST_HOLD_NS : limit->hold_ns * 2;
    if (limit->hold_ns > CONCURRENCY_LIMIT_LONGEST_HOLD_NS)
        limit->hold_ns = CONCURRENCY_LIMIT_LONGEST_HOLD_NS;
    limit->hold_until_ns = now_ns + limit->hold_ns;
    change(limit, limit->before, 0);
}

static void keep(struct concurrency_limit *limit)
{
    const struct concurrency_limit_tally *tally = &limit->tally;
    double yield = yield_at_most(limit), ended = (double)tally->ended;
    if (limit->before)
        limit->hold_ns = 0;
    limit->before = 0;
    limit->assumed_ns = 0;
    limit->baseline =
        limit->baseline > 0 ? limit->baseline + (yield - limit->baseline) * SHARE : yield;
    limit->mean_ns = tally->took_ns / ended;
    limit->missing = (double)tally->missed > MANY_MISSED * ended;
    limit->tally = (struct concurrency_limit_tally){0};
}

static void judge(struct concurrency_limit *limit, int64_t now_ns)
{
    if (limit->before && !has_paid(limit)) {
        revert(limit, now_ns);
        return;
    }
    keep(limit);
    if (limit->missing && limit->now > 1 && now_ns >= limit->hold_until_ns)
        change(limit, limit->now / 2, limit->now);
}

static size_t enough(const struct concurrency_limit *limit)
{
    size_t ended = limit->before ? 2 * limit->now : limit->now;
    return ended < FEWEST_ENDED ? FEWEST_ENDED : ended;
}

void concurrency_limit_ended(struct concurrency_limit *limit, int64_t took_ns, bool missed,
                             int64_t now_ns)
{
    struct concurrency_limit_tally *tally = &limit->tally;
    double passed_ns = (double)(now_ns - limit->ended_ns);
    limit->ended_ns = now_ns;
    if (limit->settling > 0) {
        limit->settling--;
        return;
    }
    tally->ended++;
    tally->missed += missed;
    tally->took_ns += (double)took_ns;
    tally->busy_ns += fmin(passed_ns, (double)took_ns);
    if (tally->ended < enough(limit))
        return;
    judge(limit, now_ns);
}

void concurrency_limit_wanted(struct concurrency_limit *limit, int64_t now_ns)
{
    if (limit->before || limit->now == limit->most || now_ns < limit->hold_until_ns ||
        limit->mean_ns < SLOW_NS || limit->missing)
        return;
    change(limit, limit->now * 2 < limit->most ? limit->now * 2 : limit->most, limit->now);
}
