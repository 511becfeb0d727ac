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

/* "ok" or what is wrong; all that is known when `verbose`. */
static int say(bool (*question)(void *context, struct buffer *why), void *context, bool verbose,
               struct buffer *body)
{
    struct buffer why;
    buffer_init(&why, body->arena, 64);
    bool yes = question(context, &why);
    if (yes && !verbose) {
        buffer_add_literal(body, "ok\n");
        return 200;
    }
    buffer_add_text(body, yes ? text_literal("ok: ") : text_literal("not ok: "));
    buffer_add_text(body, buffer_text(&why));
    buffer_add_char(body, '\n');
    return yes ? 200 : 503;
}

static int live(struct buffer *body, bool verbose, void *context)
{
    struct monitor *monitor = context;
    return say(monitor->questions.live, monitor->questions.context, verbose, body);
}

static int ready(struct buffer *body, bool verbose, void *context)
{
    struct monitor *monitor = context;
    return say(monitor->questions.ready, monitor->questions.context, verbose, body);
}

static int started(struct buffer *body, bool verbose, void *context)
{
    struct monitor *monitor = context;
    return say(monitor->questions.started, monitor->questions.context, verbose, body);
}

static const struct http_page pages[] = {
    {"/livez", EVHTTP_REQ_GET, live},
    {"/readyz", EVHTTP_REQ_GET, ready},
    {"/startupz", EVHTTP_REQ_GET, started},
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
