/* SPDX-License-Identifier: MIT */
/*
 * Connections that have not yet shown that their caller speaks HTTP/2. They wait here, at the cost
 * of a descriptor, until the client's preface has come (RFC 9113 section 3.4), since C-core keeps
 * no time for connections that are handed to it, and a silent one would hold up a drain. The main
 * thread.
 */
#pragma once

#include <event2/event.h>
#include <stdint.h>

struct pending_connections;

/* Who stays silent longer than `patience_ns` is turned away; 0: nobody is. `accepted` takes over
 * the descriptor. */
struct pending_connections *pending_connections_new(struct event_base *loop, int64_t patience_ns,
                                                    void (*accepted)(int fd, void *context),
                                                    void *context);

/* Takes over the descriptor. */
void pending_connections_add(struct pending_connections *pending, int fd);

/* Admits at once whose preface has come. */
void pending_connections_accept_ready(struct pending_connections *pending);

/* Turns away who still waits; NULL is allowed. */
void pending_connections_free(struct pending_connections *pending);
