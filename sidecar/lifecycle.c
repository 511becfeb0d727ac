/* SPDX-License-Identifier: MIT */
#include "lifecycle.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "telemetry/log.h"

#include "base/banned.h"

static void step_after(struct lifecycle *lifecycle, int64_t ns)
{
    struct timeval delay = clock_timeval(ns);
    event_add(lifecycle->step, &delay);
}

static void stop_accepting(struct lifecycle *lifecycle)
{
    lifecycle->is_accepting = false;
    server_drain(lifecycle->parts.server);
    step_after(lifecycle, lifecycle->config->drain_timeout_ns);
}

static void end_calls(struct lifecycle *lifecycle)
{
    log_event(LOG_WARNING, "drain timeout",
              "calls that have not finished within --drain-timeout are ended");
    server_refuse(lifecycle->parts.server);
    /* First the calls whose request is with the upstream, because C-core would end them with
     * UNAVAILABLE, which means that nothing was processed. */
    credential_end_waits(lifecycle->parts.credential);
    upstream_end_all(lifecycle->parts.upstream);
    server_cancel_all(lifecycle->parts.server);
}

/* After --drain-delay, and again after --drain-timeout. */
static void on_step(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct lifecycle *lifecycle = context;
    if (lifecycle->is_accepting)
        stop_accepting(lifecycle);
    else
        end_calls(lifecycle);
}

void lifecycle_drain(struct lifecycle *lifecycle)
{
    if (lifecycle->is_draining)
        return;
    lifecycle->is_draining = true;
    metric_set(lifecycle->parts.metrics, METRIC_DRAINING, 0, 0, 1);
    probes_set_draining(lifecycle->parts.probes);
    if (lifecycle->config->drain_delay_ns > 0)
        step_after(lifecycle, lifecycle->config->drain_delay_ns);
    else
        stop_accepting(lifecycle);
    log_event(LOG_INFO, "draining", "calls under way may finish");
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)what;
    struct lifecycle *lifecycle = context;
    if (lifecycle->is_draining) {
        log_event(LOG_WARNING, "stopped", "a second signal (%s) ends the process at once",
                  strsignal(number));
        log_close();
        _exit(1);
    }
    lifecycle_drain(lifecycle);
}

static bool handle_signals(struct lifecycle *lifecycle)
{
    static const int draining[LIFECYCLE_SIGNALS] = {SIGTERM, SIGINT, SIGQUIT};
    for (size_t i = 0; i < LIFECYCLE_SIGNALS; i++) {
        struct event *event = evsignal_new(lifecycle->loop, draining[i], on_signal, lifecycle);
        lifecycle->signals[i] = event;
        if (!event || event_add(event, NULL) != 0)
            return false;
    }
    return true;
}

bool lifecycle_open(struct lifecycle *lifecycle, const struct config *config,
                    struct event_base *loop, struct status *status)
{
    *lifecycle = (struct lifecycle){.config = config, .loop = loop};
    lifecycle->step = evtimer_new(loop, on_step, lifecycle);
    return (lifecycle->step && handle_signals(lifecycle)) ||
           status_fail(status, STATUS_INTERNAL, "handle signals: %m");
}

void lifecycle_set_parts(struct lifecycle *lifecycle, const struct lifecycle_parts *parts)
{
    lifecycle->parts = *parts;
    lifecycle->is_accepting = true;
}

void lifecycle_drained(struct lifecycle *lifecycle)
{
    event_base_loopbreak(lifecycle->loop);
}

void lifecycle_clear(struct lifecycle *lifecycle)
{
    for (size_t i = 0; i < LIFECYCLE_SIGNALS; i++)
        if (lifecycle->signals[i])
            event_free(lifecycle->signals[i]);
    if (lifecycle->step)
        event_free(lifecycle->step);
}
