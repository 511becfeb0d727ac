/* SPDX-License-Identifier: MIT */
/* A small HTTP port on libevent's evhttp, with bounds on what its peers may send. The main thread.
 */
#pragma once

#include <event2/event.h>
#include <event2/http.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/status.h"
#include "config/config.h"

struct http_port;

/* One path and what answers it. `answer` writes the body and returns the HTTP status. */
struct http_page {
    const char *path;
    enum evhttp_cmd_type method;
    int (*answer)(struct buffer *body, bool verbose, void *context);
};

/* FAILED_PRECONDITION, naming `option`, when the address cannot be listened on. `pages` and
 * `context` must outlive it. */
must_use bool http_port_open(const char *option, const struct config_address *address,
                             struct event_base *loop, const struct http_page *pages,
                             size_t page_count, void *context, struct http_port **port,
                             struct status *status);
void http_port_free(struct http_port *port); /* NULL is allowed */

/* Where it listens, with the port that the kernel picked: "127.0.0.1:9090", "unix:/run/admin.sock".
 */
const char *http_port_address(const struct http_port *port);
