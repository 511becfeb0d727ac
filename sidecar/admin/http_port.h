/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP/1 port for probes and orders: one request a connection, answered from a table of
 * pages. Everything that a peer controls is bounded: the size of head and body, how long a
 * connection lives, and how many there are. The main thread.
 */
#pragma once

#include <event2/event.h>

#include "base/status.h"
#include "base/text.h"
#include "config/config.h"
#include "http/request_head.h"

struct http_port;

struct http_reply {
    const char *content_type; /* plain text, when the page says nothing else */
    struct buffer body;
};

struct http_page {
    const char *method; /* "GET" answers HEAD as well */
    const char *path;
    /* Fills in the reply and returns the HTTP status. */
    unsigned (*respond)(void *context, const struct http_head *head, struct http_reply *reply);
};

/* FAILED_PRECONDITION, naming `option`, when the address cannot be listened on. `address`, `pages`
 * and `context` must outlive it. */
must_use bool http_port_open(const char *option, const struct address *address,
                             struct event_base *loop, const struct http_page *pages,
                             size_t page_count, void *context, struct http_port **port,
                             struct status *status);
void http_port_free(struct http_port *port); /* NULL is allowed */

/* Where it listens, with the port that the kernel picked: "127.0.0.1:9090", "unix:/run/admin.sock".
 */
const char *http_port_address(const struct http_port *port);
