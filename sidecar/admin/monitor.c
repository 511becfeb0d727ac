/* SPDX-License-Identifier: MIT */
#include "admin/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "admin/http_port.h"
#include "base/memory.h"

#include "base/banned.h"

#define SUMMARY_COLUMN 11

struct monitor {
    struct monitor_sources sources;
    struct http_port *port;
};

/* Runs a check and writes its text: always in the verbose form, otherwise when the check fails or
 * the page mentions it. False when it fails and counts. */
static bool report(const struct monitor *monitor, const struct monitor_check *check,
                   enum monitor_page page, bool verbose, struct buffer *out)
{
    struct buffer text;
    buffer_init(&text, out->arena, 0);
    bool counts = check->counts_on & page;
    bool good = check->run(monitor->sources.context, &text) || !counts;
    if (counts && good && !verbose)
        return true;
    buffer_add_text(out, !verbose  ? text_literal("; ")
                         : !counts ? text_literal("[ ] ")
                         : good    ? text_literal("[+] ")
                                   : text_literal("[-] "));
    buffer_add_text(out, buffer_text(&text));
    if (verbose)
        buffer_add_char(out, '\n');
    return good;
}

static unsigned respond(const struct monitor *monitor, enum monitor_page page, const char *verdict,
                        const struct http_head *head, struct http_reply *reply)
{
    const struct monitor_sources *sources = &monitor->sources;
    bool verbose = text_equal(head->query, text_literal("verbose")), good = true;
    struct buffer reports;
    buffer_init(&reports, reply->body.arena, 0);
    for (size_t i = 0; i < sources->check_count; i++)
        if ((sources->checks[i].counts_on | sources->checks[i].is_mentioned_on) & page)
            good = report(monitor, &sources->checks[i], page, verbose, &reports) && good;
    if (verbose)
        buffer_add_text(&reply->body, buffer_text(&reports));
    buffer_add_text(&reply->body, good ? text_literal("") : text_literal("not "));
    buffer_add_text(&reply->body, text_of(verdict));
    if (!verbose)
        buffer_add_text(&reply->body, buffer_text(&reports));
    buffer_add_char(&reply->body, '\n');
    return good ? 200 : 503;
}

static unsigned live(void *context, const struct http_head *head, struct http_reply *reply)
{
    return respond(context, MONITOR_LIVE, "live", head, reply);
}

static unsigned ready(void *context, const struct http_head *head, struct http_reply *reply)
{
    return respond(context, MONITOR_READY, "ready", head, reply);
}

static unsigned started(void *context, const struct http_head *head, struct http_reply *reply)
{
    return respond(context, MONITOR_STARTED, "started", head, reply);
}

/* OpenMetrics for a client that names it in Accept, otherwise Prometheus' text format. */
static unsigned metrics(void *context, const struct http_head *head, struct http_reply *reply)
{
    const struct monitor *monitor = context;
    bool open = http_head_accepts(head, text_literal("application/openmetrics-text"),
                                  text_literal("1.0.0"));
    enum metric_format format = open ? METRIC_OPENMETRICS : METRIC_TEXT;
    reply->content_type = metric_content_type(format);
    monitor->sources.write_metrics(format, &reply->body, monitor->sources.context);
    return 200;
}

static unsigned list_pages(void *context, const struct http_head *head, struct http_reply *reply);

static const struct http_page pages[] = {
    {"GET", "/", NULL, list_pages},
    {"GET", "/livez", "200 while every thread responds; ?verbose lists the checks", live},
    {"GET", "/readyz", "200 while calls can be served; ?verbose lists the checks", ready},
    {"GET", "/startupz", "200 when the listeners are open; ?verbose lists the checks", started},
    {"GET", "/metrics", "Prometheus' text format, or OpenMetrics by Accept", metrics},
};

static unsigned list_pages(void *context, const struct http_head *head, struct http_reply *reply)
{
    (void)context, (void)head;
    for (size_t i = 0; i < array_length(pages); i++) {
        if (!pages[i].summary)
            continue;
        buffer_add_text(&reply->body, text_of(pages[i].path));
        for (size_t column = strlen(pages[i].path); column < SUMMARY_COLUMN; column++)
            buffer_add_char(&reply->body, ' ');
        buffer_add_text(&reply->body, text_of(pages[i].summary));
        buffer_add_char(&reply->body, '\n');
    }
    return 200;
}

bool monitor_open(const struct address *address, struct event_base *loop,
                  const struct monitor_sources *sources, struct monitor **monitor,
                  struct status *status)
{
    struct monitor *made = memory_expect(calloc(1, sizeof *made));
    made->sources = *sources;
    const struct http_port_settings settings = {.option = "monitor",
                                                .address = address,
                                                .socket_mode = 0666,
                                                .pages = pages,
                                                .page_count = array_length(pages),
                                                .context = made};
    if (!http_port_open(&settings, loop, &made->port, status)) {
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
