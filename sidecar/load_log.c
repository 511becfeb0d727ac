/* SPDX-License-Identifier: MIT */
#include "load_log.h"

#include "telemetry/log.h"

#include "base/banned.h"

static void look_for_lowered(struct load_log *log, const struct upstream_load *load, int64_t now_ns)
{
    bool is_seen =
        load->times_lowered != log->times_lowered || (log->lowered.lasts && load->waiting > 0);
    log->times_lowered = load->times_lowered;
    if (!load_state_changed(&log->lowered, is_seen, now_ns))
        return;
    if (log->lowered.lasts)
        log_event(LOG_WARNING, "limit lowered",
                  "requests queue in the upstream or miss their deadlines there: %zu are sent at a "
                  "time, and other calls wait",
                  load->limit);
    else
        log_event(LOG_INFO, "limit restored",
                  "no call has waited for a while: up to %zu requests are sent at a time, and more "
                  "when calls wait",
                  load->limit);
}

static void look_for_hung(struct load_log *log, const struct upstream_load *load, int64_t now_ns)
{
    if (!load_state_changed(&log->hangs, load->hung > 0, now_ns))
        return;
    if (log->hangs.lasts)
        log_event(LOG_WARNING, "requests hang",
                  "requests that have been under way for over four times as long as others take: "
                  "%zu; other calls are sent in their place",
                  load->hung);
    else
        log_event(LOG_INFO, "requests no longer hang", "no request has hung for a while");
}

void load_log_look(struct load_log *log, struct upstream *upstream)
{
    struct upstream_load load = upstream_load(upstream);
    int64_t now_ns = clock_now_ns();
    look_for_lowered(log, &load, now_ns);
    look_for_hung(log, &load, now_ns);
}

static void on_rate_changed(bool throttles, double per_s, int64_t pause_ns, void *context)
{
    (void)context;
    if (throttles)
        log_event(
            LOG_WARNING, "upstream throttles",
            "the upstream answered that it got too many requests: calls wait, nothing is sent "
            "for %.1f s, and then at most %.3g calls/s",
            pause_ns > 0 ? (double)pause_ns / (double)CLOCK_NS_PER_S : 0, per_s);
    else
        log_event(LOG_INFO, "upstream no longer throttles",
                  "calls are sent without waiting for a rate that was learned");
}

struct rate_listener load_log_rate_listener(void)
{
    return (struct rate_listener){.changed = on_rate_changed};
}
