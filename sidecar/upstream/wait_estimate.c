/* SPDX-License-Identifier: MIT */
#include "upstream/wait_estimate.h"

#include <math.h>

#include "base/clock.h"

#include "base/banned.h"

/* The newest exchange's share of the dozen's mean, as TCP has it for round trips (RFC 6298). */
#define SHARE (1.0 / 8)

/* Exchanges that ended that long ago count for half of what they did. */
#define MEMORY_NS ((double)CLOCK_NS_PER_S)

static void blend(struct forecast_view *view, double took_ns, double share)
{
    double error_ns = took_ns - view->mean_ns;
    view->mean_ns += error_ns * share;
    view->deviation_ns += (fabs(error_ns) - view->deviation_ns) * share;
}

static double mean_ns(const struct forecast *forecast)
{
    return fmax(fmin(forecast->dozen.mean_ns, forecast->second.mean_ns), forecast->least_ns);
}

static double rarely_passed_ns(const struct forecast_view *view)
{
    return view->mean_ns + 2 * view->deviation_ns;
}

void forecast_learn(struct forecast *forecast, int64_t took_ns, int64_t now_ns)
{
    double took = (double)took_ns, passed = (double)(now_ns - forecast->learned_ns);
    if (forecast->learned_ns == 0)
        forecast->dozen = forecast->second = (struct forecast_view){took, 0};
    blend(&forecast->dozen, took, SHARE);
    blend(&forecast->second, took, passed / (passed + MEMORY_NS));
    forecast->learned_ns = now_ns;
}

void forecast_learn_at_least(struct forecast *forecast, int64_t took_ns, int64_t now_ns)
{
    if ((double)took_ns > mean_ns(forecast))
        forecast_learn(forecast, took_ns, now_ns);
}

int64_t forecast_usual_ns(const struct forecast *forecast)
{
    return (int64_t)mean_ns(forecast);
}

int64_t forecast_exchange_ns(const struct forecast *forecast)
{
    double foreseen = fmin(rarely_passed_ns(&forecast->dozen), rarely_passed_ns(&forecast->second));
    return (int64_t)fmax(foreseen, forecast->least_ns);
}

int64_t forecast_wait_ns(const struct forecast *forecast, size_t before, size_t connections,
                         int64_t stalled_ns)
{
    if (connections == 0 || before < connections)
        return 0;
    double each = mean_ns(forecast), turns = (double)(before - connections + 1);
    /* What has lasted longer than usual is taken to last as long again, but not for everyone. */
    double late = fmax((double)stalled_ns - each, 0);
    return (int64_t)(late + turns * each / (double)connections);
}
