/* SPDX-License-Identifier: MIT */
#include "credential/keeper_plan.h"

#include "base/banned.h"

/* Renewals of replicas that start together are spread over a tenth of the life. */
#define RENEW_EARLIEST_PERCENT 70
#define RENEW_SPREAD_PERCENT 10

/* 0.5 s doubled seven times is above the longest pause. */
#define DOUBLINGS 7

#define SHARE_OF_LIFE_LEFT 4

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t largest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void keeper_plan_init(struct keeper_plan *plan)
{
    *plan = (struct keeper_plan){.is_wanted = true};
}

bool keeper_plan_is_alive(int64_t expires_ns, int64_t calendar_ns)
{
    return expires_ns == 0 || calendar_ns < expires_ns - KEEPER_MARGIN_NS;
}

static bool is_needed(const struct keeper_plan *plan, const struct keeper_time *time)
{
    return plan->is_wanted || (plan->renew_at_ns && time->calendar_ns >= plan->renew_at_ns);
}

bool keeper_plan_is_due(const struct keeper_plan *plan, const struct keeper_time *time)
{
    return !plan->is_fetching && time->now_ns >= plan->not_before_ns && is_needed(plan, time);
}

int64_t keeper_plan_pause_ns(const struct keeper_plan *plan, const struct keeper_time *time)
{
    return largest(plan->not_before_ns - time->now_ns, 0);
}

int64_t keeper_plan_wait_ns(const struct keeper_plan *plan, const struct keeper_time *time)
{
    int64_t wait_ns = keeper_plan_pause_ns(plan, time);
    if (plan->is_fetching)
        return KEEPER_TICK_NS;
    if (!is_needed(plan, time))
        wait_ns = plan->renew_at_ns ? largest(wait_ns, plan->renew_at_ns - time->calendar_ns)
                                    : KEEPER_TICK_NS;
    return least(wait_ns, KEEPER_TICK_NS);
}

void keeper_plan_begin(struct keeper_plan *plan)
{
    plan->is_fetching = true;
    plan->is_outdated = false;
}

/* A pause of the mean, give or take a quarter of it: with more, the fourth attempt could be so
 * early that the fifth comes four seconds after the end of an outage of two. */
static int64_t spread(int64_t mean_ns, uint64_t random)
{
    return mean_ns / 4 * 3 + (int64_t)(random % (uint64_t)(mean_ns / 2));
}

/* The first pause, doubled that often, up to the longest one. */
static int64_t doubled(int64_t first_ns, unsigned times)
{
    return least(first_ns << (times < DOUBLINGS ? times : DOUBLINGS), KEEPER_LONGEST_PAUSE_NS);
}

static int64_t growing_pause_ns(const struct keeper_plan *plan, uint64_t random)
{
    int64_t mean_ns = doubled(KEEPER_FIRST_PAUSE_NS, plan->failures);
    return least(spread(mean_ns, random), KEEPER_LONGEST_PAUSE_NS);
}

/* While a credential signs, there are four more attempts before it ends. */
static int64_t within_life(const struct keeper_plan *plan, const struct keeper_time *time,
                           int64_t pause_ns)
{
    int64_t left_ns = plan->expires_ns - KEEPER_MARGIN_NS - time->calendar_ns;
    if (plan->expires_ns == 0 || left_ns <= 0)
        return pause_ns;
    return least(pause_ns, largest(left_ns / SHARE_OF_LIFE_LEFT, KEEPER_FIRST_PAUSE_NS));
}

static void pause(struct keeper_plan *plan, const struct keeper_time *time, int64_t pause_ns)
{
    plan->not_before_ns = time->now_ns + pause_ns;
    plan->failures++;
}

static int64_t renewal_of(const struct keeper_time *time, int64_t expires_ns, uint64_t random)
{
    int64_t life_ns = expires_ns - KEEPER_MARGIN_NS - time->calendar_ns;
    int64_t spread_ns = life_ns / 100 * RENEW_SPREAD_PERCENT;
    return time->calendar_ns + life_ns / 100 * RENEW_EARLIEST_PERCENT +
           (spread_ns > 0 ? (int64_t)(random % (uint64_t)spread_ns) : 0);
}

void keeper_plan_succeed(struct keeper_plan *plan, const struct keeper_time *time,
                         int64_t expires_ns, bool is_new, uint64_t random)
{
    bool is_short = expires_ns && expires_ns - time->calendar_ns < KEEPER_LEAST_LIFE_NS;
    plan->is_fetching = false;
    plan->expires_ns = expires_ns;
    if ((expires_ns && !is_new) || is_short) {
        pause(plan, time, largest(growing_pause_ns(plan, random), KEEPER_DISTANCE_NS));
        return;
    }
    plan->issued_at_ns = time->now_ns;
    if (!plan->is_wanted)
        plan->refusals = 0;
    plan->is_wanted = plan->is_outdated && expires_ns == 0;
    plan->failures = 0;
    plan->not_before_ns = time->now_ns + KEEPER_DISTANCE_NS;
    plan->renew_at_ns = expires_ns ? renewal_of(time, expires_ns, random) : 0;
}

static int64_t pause_of(const struct keeper_plan *plan, const struct keeper_time *time,
                        enum source_fault fault, int64_t retry_after_ns, uint64_t random)
{
    int64_t pause_ns =
        fault == SOURCE_REFUSED ? KEEPER_LONGEST_PAUSE_NS : growing_pause_ns(plan, random);
    if (fault == SOURCE_COUNTS_TOWARDS_LOCK)
        return KEEPER_LOCK_PAUSE_NS;
    return within_life(plan, time, largest(pause_ns, retry_after_ns));
}

void keeper_plan_fail(struct keeper_plan *plan, const struct keeper_time *time,
                      enum source_fault fault, int64_t retry_after_ns, uint64_t random)
{
    plan->is_fetching = false;
    if (plan->is_outdated)
        fault = SOURCE_PASSING;
    pause(plan, time, pause_of(plan, time, fault, retry_after_ns, random));
}

void keeper_plan_want(struct keeper_plan *plan)
{
    plan->is_wanted = true;
}

/* A source whose credentials the upstream does not accept, such as those of another region, is not
 * asked once a second for ever. */
void keeper_plan_refuse(struct keeper_plan *plan, const struct keeper_time *time)
{
    if (plan->is_wanted)
        return;
    bool is_new = time->now_ns - plan->issued_at_ns < KEEPER_LONGEST_PAUSE_NS;
    int64_t pause_ns = doubled(KEEPER_DISTANCE_NS, plan->refusals);
    plan->is_wanted = true;
    plan->refusals = is_new ? plan->refusals + 1 : 0;
    if (is_new)
        plan->not_before_ns = largest(plan->not_before_ns, plan->issued_at_ns + pause_ns);
}

void keeper_plan_note_change(struct keeper_plan *plan, const struct keeper_time *time)
{
    plan->is_outdated = plan->is_fetching;
    if (plan->failures == 0 && !plan->is_wanted && plan->expires_ns != 0)
        return;
    plan->is_wanted = true;
    plan->failures = 0;
    plan->refusals = 0;
    plan->not_before_ns = least(plan->not_before_ns, time->now_ns);
}
