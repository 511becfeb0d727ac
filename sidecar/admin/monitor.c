/* SPDX-License-Identifier: MIT */
#include "admin/monitor.h"

#include <stdlib.h>

#include "admin/http_port.h"
#include "base/memory.h"

#include "base/banned.h"

struct monitor {
    struct monitor_questions questions;
    struct http_port *port;
};

enum check { LIVE, READY, STARTED, CHECKS };

static bool ask(const struct monitor_questions *questions, enum check check, struct buffer *why)
{
    bool (*const asked[CHECKS])(void *context, struct buffer *why) = {
        [LIVE] = questions->live, [READY] = questions->ready, [STARTED] = questions->started};
    return asked[check](questions->context, why);
}

/* "[+] ready: why", or "[-]" for one that fails. */
static void list_checks(const struct monitor_questions *questions, struct buffer *body)
{
    static const char *const names[CHECKS] = {"live", "ready", "started"};
    for (enum check check = 0; check < CHECKS; check++) {
        struct buffer why;
        buffer_init(&why, body->arena, 0);
        bool good = ask(questions, check, &why);
        buffer_add_text(body, good ? text_literal("[+] ") : text_literal("[-] "));
        buffer_add_text(body, text_of(names[check]));
        buffer_add_literal(body, ": ");
        buffer_add_text(body, buffer_text(&why));
        buffer_add_char(body, '\n');
    }
}

/* The reason in one line; all checks when that is wanted. */
static unsigned answer(const struct monitor *monitor, enum check check, struct text query,
                       struct buffer *body)
{
    struct buffer why;
    buffer_init(&why, body->arena, 0);
    bool good = ask(&monitor->questions, check, &why);
    if (text_equal(query, text_literal("verbose"))) {
        list_checks(&monitor->questions, body);
    } else {
        buffer_add_text(body, buffer_text(&why));
        buffer_add_char(body, '\n');
    }
    return good ? 200 : 503;
}

static unsigned live(void *context, const struct http_head *head, struct http_reply *reply)
{
    return answer(context, LIVE, head->query, &reply->body);
}

static unsigned ready(void *context, const struct http_head *head, struct http_reply *reply)
{
    return answer(context, READY, head->query, &reply->body);
}

static unsigned started(void *context, const struct http_head *head, struct http_reply *reply)
{
    return answer(context, STARTED, head->query, &reply->body);
}

/* Prometheus' own format, unless the newer one is asked for by name. */
static unsigned metrics(void *context, const struct http_head *head, struct http_reply *reply)
{
    const struct monitor *monitor = context;
    bool open = http_head_accepts(head, text_literal("application/openmetrics-text"),
                                  text_literal("1.0.0"));
    enum metric_format format = open ? METRIC_OPENMETRICS : METRIC_TEXT;
    reply->content_type = metric_content_type(format);
    monitor->questions.write_metrics(format, &reply->body, monitor->questions.context);
    return 200;
}

static const struct http_page pages[] = {
    {"GET", "/livez", live},
    {"GET", "/readyz", ready},
    {"GET", "/startupz", started},
    {"GET", "/metrics", metrics},
};

bool monitor_open(const struct config_address *address, struct event_base *loop,
                  const struct monitor_questions *questions, struct monitor **monitor,
                  struct status *status)
{
    struct monitor *made = memory_expect(calloc(1, sizeof *made));
    made->questions = *questions;
    if (!http_port_open("monitor", address, loop, pages, array_length(pages), made, &made->port,
                        status)) {
        free(made);
        return false;
    }
    *monitor = made;
    return true;
}

void monitor_free(struct monitor *monitor)
{
    if (!monitor)
        return;
    http_port_free(monitor->port);
    free(monitor);
}

const char *monitor_address(const struct monitor *monitor)
{
    return http_port_address(monitor->port);
}
