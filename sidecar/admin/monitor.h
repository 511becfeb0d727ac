/* SPDX-License-Identifier: MIT */
/*
 * The port that says how we are: GET /livez, /readyz and /startupz answer 200 or 503 and why in one
 * line, or all checks with ?verbose; GET /metrics tells what was counted. Read only, so that it may
 * be public. The main thread.
 */
#pragma once

#include <event2/event.h>

#include "base/metric.h"
#include "base/status.h"
#include "base/text.h"
#include "config/config.h"

struct monitor;

/* Each says yes or no, and why in a few words. */
struct monitor_questions {
    bool (*live)(void *context, struct buffer *why);
    bool (*ready)(void *context, struct buffer *why);
    bool (*started)(void *context, struct buffer *why);
    void (*write_metrics)(enum metric_format format, struct buffer *out, void *context);
    void *context;
};

/* FAILED_PRECONDITION when the address cannot be listened on. `address` must outlive it. */
must_use bool monitor_open(const struct config_address *address, struct event_base *loop,
                           const struct monitor_questions *questions, struct monitor **monitor,
                           struct status *status);
void monitor_free(struct monitor *monitor); /* NULL is allowed */

const char *monitor_address(const struct monitor *monitor);
