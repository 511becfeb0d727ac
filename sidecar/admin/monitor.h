/* SPDX-License-Identifier: MIT */
/*
 * The port that says how we are: GET /livez, /readyz and /startupz answer 200 or 503 and why in one
 * line, or a line for each check with ?verbose; GET /metrics tells what was counted. Read only, so
 * that it may be public. The main thread.
 */
#pragma once

#include <event2/event.h>

#include "base/status.h"
#include "base/text.h"
#include "config/config.h"
#include "telemetry/metric.h"

struct monitor;

enum monitor_page { MONITOR_LIVE = 1, MONITOR_READY = 2, MONITOR_STARTED = 4 };

struct monitor_check {
    const char *name;         /* "credential" */
    unsigned counts_on;       /* pages that say no when it does */
    unsigned is_mentioned_on; /* pages that only tell what it says */
    /* Says yes or no, at once, and why in a few words. */
    bool (*ask)(void *context, struct buffer *why);
};

struct monitor_sources {
    const struct monitor_check *checks;
    size_t check_count;
    void (*write_metrics)(enum metric_format format, struct buffer *out, void *context);
    void *context;
};

/* FAILED_PRECONDITION when the address cannot be listened on. `address` and the checks must outlive
 * it. */
must_use bool monitor_open(const struct address *address, struct event_base *loop,
                           const struct monitor_sources *sources, struct monitor **monitor,
                           struct status *status);
void monitor_free(struct monitor *monitor); /* NULL is allowed */

const char *monitor_address(const struct monitor *monitor);
