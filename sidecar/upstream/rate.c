/* SPDX-License-Identifier: MIT */
#include "upstream/rate.h"

#include <math.h>

#include "base/clock.h"

#include "base/banned.h"

/* A decrease leaves 1 - DECREASE of the rate. */
#define DECREASE 0.3

/* The curve is back where it was after that time, or after a window that the upstream named. */
#define THIRD_NS (5 * CLOCK_NS_PER_S)

/* Less than that share of the rate was accepted: the rate says nothing about the upstream then. */
#define FAR 0.5

/* A limit that is learned is at least that many calls in a nanosecond: one in two seconds. */
#define LEAST_PER_NS (0.5 / (double)CLOCK_NS_PER_S)

/* Share of the calls of a window that may go at once, and how much of a named limit is used, since
 * the time to the upstream varies. */
#define BURST 0.05
#define USED 0.95

/* Calls of that time may go at once, since timers are not exact. */
#define PAUSE_NS (20.0 * (double)CLOCK_NS_PER_MS)

/* After that many thirds without a throttled call, a limit that nothing waited for is forgotten,
 * and a named one that calls wait for is tried anew. */
#define FORGOTTEN 6

/* A window that the upstream names may be about to end. */
#define LONGEST_PAUSE_NS (3600 * CLOCK_NS_PER_S)

/* A century; a million calls at one a day take longer than int64_t has nanoseconds. */
#define LONGEST_WAIT_NS (36525 * 24 * 3600.0 * (double)CLOCK_NS_PER_S)

/* Never more than `calls` in any window: the bucket's size and what flows into it in that time. */
static struct rate_bucket bucket_of(const struct rate_ceiling *ceiling)
{
    if (ceiling->calls <= 0 || ceiling->window_ns <= 0)
        return (struct rate_bucket){0};
    double size = fmax(ceiling->calls * BURST, 1);
    double flows = ceiling->calls > size ? ceiling->calls - size + 1 : ceiling->calls;
    return (struct rate_bucket){flows / (double)ceiling->window_ns, size};
}

void rate_init(struct rate *rate, const struct rate_ceiling *ceiling)
{
    *rate = (struct rate){.ceiling = bucket_of(ceiling)};
    rate->tokens = rate->ceiling.size;
}

bool rate_limits(const struct rate *rate)
{
    return rate->ceiling.per_ns > 0 || rate->peak_per_ns > 0;
}

static double curve_per_ns(const struct rate *rate, int64_t now_ns)
{
    double thirds = fmax((double)(now_ns - rate->flat_ns) / (double)rate->third_ns, -1);
    return rate->peak_per_ns * (1 + DECREASE * thirds * thirds * thirds);
}

static double lower(double rate, double bound)
{
    return bound > 0 ? fmin(rate, bound) : rate;
}

static double bounded_per_ns(const struct rate *rate, double per_ns)
{
    return lower(lower(per_ns, rate->named.per_ns), rate->ceiling.per_ns);
}

static double per_ns(const struct rate *rate, int64_t now_ns)
{
    double learned = rate->peak_per_ns > 0 ? curve_per_ns(rate, now_ns) : INFINITY;
    return bounded_per_ns(rate, learned);
}

double rate_per_s(const struct rate *rate, int64_t now_ns)
{
    return rate_limits(rate) ? per_ns(rate, now_ns) * (double)CLOCK_NS_PER_S : 0;
}

static double bucket_size(const struct rate *rate)
{
    double at_once = fmax(rate->peak_per_ns * PAUSE_NS, 1);
    double size = rate->peak_per_ns > 0 ? fmax(rate->named.size, at_once) : INFINITY;
    return lower(size, rate->ceiling.size);
}

static void forget(struct rate *rate, int64_t now_ns)
{
    int64_t long_ago_ns = now_ns - FORGOTTEN * rate->third_ns;
    if (rate->peak_per_ns == 0 || rate->throttled_ns > long_ago_ns)
        return;
    if (rate->needed_ns <= long_ago_ns)
        rate->peak_per_ns = 0;
    else if (rate->named.per_ns > 0)
        rate->flat_ns = now_ns;
    rate->named = (struct rate_bucket){0};
}

void rate_pass(struct rate *rate, int64_t now_ns)
{
    forget(rate, now_ns);
    if (rate_limits(rate) && now_ns > rate->filled_ns) {
        double passed_ns = (double)(now_ns - rate->filled_ns);
        rate->tokens = fmin(rate->tokens + passed_ns * per_ns(rate, now_ns), bucket_size(rate));
        rate->filled_ns = now_ns;
    }
}

bool rate_take(struct rate *rate, int64_t now_ns)
{
    rate_pass(rate, now_ns);
    if (!rate_limits(rate))
        return true;
    if (now_ns < rate->paused_until_ns || rate->tokens < 1) {
        rate->needed_ns = now_ns;
        return false;
    }
    rate->tokens--;
    return true;
}

void rate_give_back(struct rate *rate)
{
    rate->tokens++;
}

int64_t rate_wait_ns(struct rate *rate, size_t before, int64_t now_ns)
{
    rate_pass(rate, now_ns);
    if (!rate_limits(rate))
        return 0;
    int64_t pause_ns = rate->paused_until_ns > now_ns ? rate->paused_until_ns - now_ns : 0;
    double lacking = (double)before + 1 - rate->tokens;
    if (lacking <= 0)
        return pause_ns;
    /* The next call waits for the rate of now; a long queue is served at about the peak. */
    double now_per_ns = per_ns(rate, now_ns + pause_ns);
    double later_per_ns = bounded_per_ns(rate, fmax(now_per_ns, rate->peak_per_ns));
    double wait_ns = ceil(lacking / (before > 0 ? later_per_ns : now_per_ns));
    return pause_ns + (int64_t)fmin(wait_ns, LONGEST_WAIT_NS);
}

static void pause_for(struct rate *rate, const struct rate_throttle *throttle, int64_t now_ns)
{
    int64_t window_ns =
        throttle->named.window_ns < LONGEST_PAUSE_NS ? throttle->named.window_ns : LONGEST_PAUSE_NS;
    int64_t wait_ns = throttle->retry_after_ns > 0 ? throttle->retry_after_ns : window_ns;
    if (now_ns + wait_ns > rate->paused_until_ns)
        rate->paused_until_ns = now_ns + wait_ns;
    rate->tokens = 0;
    rate->filled_ns = rate->paused_until_ns;
}

/* A limit that the upstream names is kept to at once, unless less than that was too much. */
static void learn(struct rate *rate, double accepted_per_ns, double current_per_ns, int64_t now_ns)
{
    bool is_news = rate->named.per_ns > 0 && current_per_ns > rate->named.per_ns;
    bool is_far = accepted_per_ns < current_per_ns * FAR;
    double peak = is_news ? rate->named.per_ns : is_far ? accepted_per_ns : current_per_ns;
    rate->peak_per_ns = fmax(peak, LEAST_PER_NS);
    rate->flat_ns = rate->paused_until_ns + (is_news ? 0 : rate->third_ns);
    rate->throttled_ns = now_ns;
}

static void note_named(struct rate *rate, const struct rate_ceiling *named)
{
    int64_t window_ns = named->calls > 0 ? named->window_ns : 0;
    rate->third_ns = window_ns > THIRD_NS ? window_ns : THIRD_NS;
    if (window_ns == 0)
        return;
    rate->named = bucket_of(named);
    rate->named.per_ns *= USED;
}

void rate_throttled(struct rate *rate, const struct rate_throttle *throttle, double accepted_per_s,
                    int64_t sent_ns, int64_t now_ns)
{
    double current_per_ns = per_ns(rate, now_ns);
    rate->needed_ns = now_ns;
    pause_for(rate, throttle, now_ns);
    if (sent_ns < rate->throttled_ns)
        return;
    note_named(rate, &throttle->named);
    learn(rate, accepted_per_s / (double)CLOCK_NS_PER_S, current_per_ns, now_ns);
}

void rate_accepted(struct rate *rate, double accepted_per_s)
{
    if (rate->peak_per_ns > 0)
        rate->peak_per_ns = fmax(rate->peak_per_ns, accepted_per_s / (double)CLOCK_NS_PER_S);
}

void rate_meter_count(struct rate_meter *meter, int64_t now_ns)
{
    meter->count = rate_meter_per_s(meter, now_ns) + 1;
    meter->at_ns = now_ns;
}

double rate_meter_per_s(const struct rate_meter *meter, int64_t now_ns)
{
    return meter->count * exp(-(double)(now_ns - meter->at_ns) / (double)CLOCK_NS_PER_S);
}
