/* SPDX-License-Identifier: MIT */
/*
 * Accepted connections whose caller has not sent the HTTP/2 preface yet (RFC 9113 section 3.4).
 * They wait here, at the cost of a descriptor, because C-core has no timeout for connections that
 * are handed to it, and a silent one would hold up a drain. The main thread.
 */
#pragma once

#include <event2/event.h>
#include <stdint.h>

struct pending_connections;

/* A connection whose preface has not come within `timeout_ns` is closed; 0: never. `accepted` takes
 * over the descriptor of one whose preface has come. */
struct pending_connections *pending_connections_new(struct event_base *loop, int64_t timeout_ns,
                                                    void (*accepted)(int fd, void *context),
                                                    void *context);

/* Takes over the descriptor. */
void pending_connections_add(struct pending_connections *pending, int fd);

/* Accepts at once the connections whose preface has come. */
void pending_connections_accept_ready(struct pending_connections *pending);

/* Closes the connections that still wait; NULL is allowed. */
void pending_connections_free(struct pending_connections *pending);
