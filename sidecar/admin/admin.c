/* SPDX-License-Identifier: MIT */
#include "admin/admin.h"

#include <stdlib.h>

#include "admin/http_port.h"
#include "base/memory.h"
#include "telemetry/log.h"

#include "base/banned.h"

struct admin {
    struct admin_actions actions;
    struct http_port *port;
};

static unsigned show_config(void *context, const struct http_head *head, struct http_reply *reply)
{
    (void)head;
    struct admin *admin = context;
    admin->actions.write_config(&reply->body, admin->actions.context);
    return 200;
}

static unsigned quit(void *context, const struct http_head *head, struct http_reply *reply)
{
    (void)head;
    struct admin *admin = context;
    admin->actions.drain(admin->actions.context);
    buffer_add_literal(&reply->body, "draining\n");
    return 202;
}

/* The body may end in a line end, as that of `echo debug | curl -T -` does. */
static unsigned set_log_level(void *context, const struct http_head *head, struct http_reply *reply)
{
    (void)context;
    enum log_level level;
    struct text level_name = head->body;
    if (level_name.size > 0 && level_name.data[level_name.size - 1] == '\n')
        level_name.size--;
    if (!log_level_parse(level_name, &level)) {
        buffer_add_literal(&reply->body, "the body has to be debug, info, warning or error\n");
        return 400;
    }
    log_set_level(level);
    log_event(LOG_WARNING, "log level", "%.*s from now on", text_arguments(level_name));
    buffer_add_text(&reply->body, level_name);
    buffer_add_char(&reply->body, '\n');
    return 200;
}

/* A web page in the browser of somebody who forwards the port must not drain the sidecar: browsers
 * add the first two fields, and a name that a page's owner points at loopback is in Host. */
static const char *refusal(const struct http_head *head)
{
    if (head->origin.data || head->sec_fetch_site.data)
        return "requests of web pages (Origin, Sec-Fetch-Site) are refused\n";
    return !head->host.data || config_authority_is_local(head->host)
               ? NULL
               : "Host has to be localhost or a loopback address\n";
}

static const struct http_page pages[] = {
    {"GET", "/config", NULL, show_config},
    {"POST", "/quitquitquit", NULL, quit},
    {"PUT", "/log-level", NULL, set_log_level},
};

bool admin_open(const struct address *address, struct event_base *loop,
                const struct admin_actions *actions, struct admin **admin, struct status *status)
{
    struct admin *made = memory_expect(calloc(1, sizeof *made));
    made->actions = *actions;
    const struct http_port_settings settings = {.option = "admin",
                                                .address = address,
                                                .socket_mode = 0600,
                                                .pages = pages,
                                                .page_count = array_length(pages),
                                                .context = made,
                                                .refusal = refusal};
    if (!http_port_open(&settings, loop, &made->port, status)) {
        free(made);
        return false;
    }
    *admin = made;
    return true;
}

void admin_free(struct admin *admin)
{
    if (!admin)
        return;
    http_port_free(admin->port);
    free(admin);
}

const char *admin_address(const struct admin *admin)
{
    return http_port_address(admin->port);
}
