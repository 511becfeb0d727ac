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

struct guests;

/* Who stays silent longer than `patience_ns` is turned away; 0: nobody is. `admitted` takes over
 * the descriptor. */
struct guests *guests_new(struct event_base *loop, int64_t patience_ns,
                          void (*admitted)(int fd, void *context), void *context);

/* Takes over the descriptor. */
void guests_add(struct guests *guests, int fd);

/* Admits at once whose preface has come. */
void guests_admit_ready(struct guests *guests);

/* Turns away who still waits; NULL is allowed. */
void guests_free(struct guests *guests);
