/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP/1 server for probes and administration: one request a connection, served from a
 * table of pages. Everything that a peer controls is bounded: the size of head and body, the time
 * for the head and for the rest, and the number of connections. At that number a new connection
 * ends the one that has been without a whole request for longest, so that slow peers keep nobody
 * out. The main thread.
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
    const char *summary; /* for a list of the pages; NULL is allowed */
    /* Writes the reply and returns the HTTP status. */
    unsigned (*respond)(void *context, const struct http_head *head, struct http_reply *reply);
};

/* All pointers must outlive the port. */
struct http_port_settings {
    const char *option; /* that has the address, for messages */
    const struct address *address;
    mode_t socket_mode; /* permissions of a Unix socket */
    const struct http_page *pages;
    size_t page_count;
    void *context;
    /* Returns why a request is refused with 403, in static storage, or NULL. NULL: none is. */
    const char *(*refusal)(const struct http_head *head);
};

/* FAILED_PRECONDITION, naming the option, when the address cannot be listened on. */
must_use bool http_port_open(const struct http_port_settings *settings, struct event_base *loop,
                             struct http_port **port, struct status *status);
void http_port_free(struct http_port *port); /* NULL is allowed */

/* The address, with the port that the kernel picked: "127.0.0.1:9090", "unix:/run/admin.sock". */
const char *http_port_address(const struct http_port *port);
