/* SPDX-License-Identifier: MIT */
/*
 * Listeners, TCP and Unix. They accept connections and hand them to the front. Accepting is ours
 * for three reasons: when descriptors run out, C-core 1.51's own listener stops accepting for ever
 * (CVE-2023-4785); connections are limited; and peers are identified. The main thread.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "config/config.h"
#include "server/front.h"
#include "telemetry/metric.h"

struct listeners;

struct listener_events {
    void (*refused)(const char *why, void *context);
    void *context;
    struct metrics *metrics;
};

/* FAILED_PRECONDITION, naming it, when an address cannot be listened on; no listener stays open
 * then. The front must outlive the listeners. */
must_use bool listeners_open(const struct config *config, struct front *front,
                             struct event_base *loop, const struct listener_events *events,
                             struct listeners **listeners, struct status *status);

/* Closes the listeners and removes the files of Unix sockets. NULL is allowed. */
void listeners_free(struct listeners *listeners);

/* Stops listening, once. Connections that the kernel has established are handed over first. */
void listeners_stop(struct listeners *listeners);

/* The addresses as people write them, with the ports that the kernel picked. */
size_t listeners_count(const struct listeners *listeners);
const char *listeners_address(const struct listeners *listeners, size_t index);
