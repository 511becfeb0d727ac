/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP/1 server for probes and administration: one request a connection, served from a
 * table of pages. Everything that a peer controls is bounded: the size of head and body, the
 * lifetime of a connection, and the number of connections. The main thread.
 */
#pragma once

#include <event2/event.h>

#include "base/status.h"
#include "base/text.h"
#include "config/config.h"
#include "http/request_head.h"

struct http_port;

struct http_reply {
    const char *content_type; /* plain text unless the page sets another */
    struct buffer body;
};

struct http_page {
    const char *method; /* "GET" serves HEAD as well */
    const char *path;
    /* Writes the reply and returns the HTTP status. */
    unsigned (*respond)(void *context, const struct http_head *head, struct http_reply *reply);
};

/* FAILED_PRECONDITION, naming `option`, when the address cannot be listened on. `address`, `pages`
 * and `context` must outlive it. */
must_use bool http_port_open(const char *option, const struct address *address,
                             struct event_base *loop, const struct http_page *pages,
                             size_t page_count, void *context, struct http_port **port,
                             struct status *status);
void http_port_free(struct http_port *port); /* NULL is allowed */

/* The address, with the port that the kernel picked: "127.0.0.1:9090", "unix:/run/admin.sock". */
const char *http_port_address(const struct http_port *port);
