/* SPDX-License-Identifier: MIT */
/*
 * The monitor port: GET /livez, /readyz and /startupz respond with 200 or 503 and the reason in one
 * line, or with a line for each check when the query is "verbose"; GET /metrics lists the metrics.
 * It only reads, so that it may be public. The main thread.
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
    unsigned counts_on;       /* the pages that respond with 503 when the check fails */
    unsigned is_mentioned_on; /* the pages that only show its text */
    /* Returns at once whether it succeeds, and writes a short text that stands for itself:
     * "credential loaded". */
    bool (*run)(void *context, struct buffer *out);
};

struct monitor_sources {
    const struct monitor_check *checks;
    size_t check_count;
    void (*write_metrics)(enum metric_format format, struct buffer *out, void *context);
    void *context;
};

/* FAILED_PRECONDITION when the address cannot be listened on. `address` and the sources' checks and
 * context must outlive it. */
must_use bool monitor_open(const struct address *address, struct event_base *loop,
                           const struct monitor_sources *sources, struct monitor **monitor,
                           struct status *status);
void monitor_free(struct monitor *monitor); /* NULL is allowed */

const char *monitor_address(const struct monitor *monitor);
