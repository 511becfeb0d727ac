/* SPDX-License-Identifier: MIT */
/*
 * Listeners, TCP and Unix. They accept connections and hand them to C-core once the caller has sent
 * the HTTP/2 preface, inside TLS when there is a certificate and the connection is TCP. Accepting
 * is ours for three reasons: when descriptors run out, C-core 1.51's own listener stops accepting
 * for ever (CVE-2023-4785); connections are limited; and peers are identified. The main thread, but
 * for listener_peer, listeners_hold and listener_count_cancel.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "config/config.h"
#include "server/peer.h"
#include "system/reload.h"
#include "system/watchdog.h"
#include "telemetry/metric.h"

struct listeners;

/* Called on the main thread, or on TLS's. */
struct listener_events {
    /* Takes over the descriptor. */
    void (*accepted)(int fd, void *context);
    void (*refused)(const char *why, void *context);
    /* Any thread. */
    void (*disconnected)(const char *peer, const char *why, void *context);
    void *context;
    struct metrics *metrics;
    struct watchdog *watchdog;                  /* of TLS's thread; NULL: it is not watched */
    struct reload_listener certificate_changes; /* of the files of TLS */
};

/* FAILED_PRECONDITION, naming it, when an address cannot be listened on or a file of TLS cannot be
 * used; no listener stays open then. */
must_use bool listeners_open(const struct config *config, struct event_base *loop,
                             const struct listener_events *events, struct listeners **listeners,
                             struct status *status);

/* Closes the listeners and removes the files of Unix sockets. NULL is allowed. */
void listeners_free(struct listeners *listeners);

/* Stops listening, once. Connections that have been established are handed over if their caller has
 * sent the HTTP/2 preface, and closed if not; the peers of those handed over stay known. */
void listeners_stop(struct listeners *listeners);

/* The addresses as people write them, with the ports that the kernel picked. */
size_t listeners_count(const struct listeners *listeners);
const char *listeners_address(const struct listeners *listeners, size_t index);

/* Number of callers' connections that are open. The main thread. */
size_t listeners_connections(const struct listeners *listeners);

/* Returns the peer of an accepted descriptor. Any thread. */
void listener_peer(struct listeners *listeners, int fd, struct peer *peer);

/* Duplicates the descriptors of the accepted connections that are open, as peers_hold. Any thread.
 */
int *listeners_hold(struct listeners *listeners, size_t *count);

/*
 * Counts a call that was cancelled by the caller on an accepted descriptor, which another call
 * still keeps open; -1 belongs to no connection. A caller that cancels more calls in a second than
 * it may have open at a time (--max-streams) is disconnected, because a cancelled call costs the
 * caller two frames and us a whole call (CVE-2023-44487). Any thread.
 */
void listener_count_cancel(struct listeners *listeners, int fd);
