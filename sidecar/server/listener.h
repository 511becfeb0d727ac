/* SPDX-License-Identifier: MIT */
/*
 * Listeners, TCP and Unix. Connections are accepted here and handed to C-core once their caller has
 * begun to speak HTTP/2, within TLS when there is a certificate and it came by TCP. That keeps us
 * alive when descriptors run out (C-core 1.51's own listener then stays deaf for ever,
 * CVE-2023-4785), caps connections, and says who the peer is. The main thread, but for
 * listener_peer, listeners_hold and listener_count_cancel.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "config/config.h"
#include "server/peer.h"
#include "system/reload.h"
#include "system/thread_ping.h"
#include "telemetry/metric.h"

struct listeners;

/* Told on the main thread and on TLS's. */
struct listener_events {
    /* Takes over the descriptor. */
    void (*accepted)(int fd, void *context);
    void (*refused)(const char *why, void *context);
    /* Any thread. */
    void (*disconnected)(const char *peer, const char *why, void *context);
    void *context;
    struct metrics *metrics;
};

/* FAILED_PRECONDITION, naming the address or file, when one cannot be listened on, or TLS's files
 * cannot be used; none stays open then. */
must_use bool listeners_open(const struct config *config, struct event_base *loop,
                             const struct listener_events *events, struct listeners **listeners,
                             struct status *status);

/* Closes them, and removes what Unix sockets left in the file system. NULL is allowed. */
void listeners_free(struct listeners *listeners);

/* Stops listening, once. Connections that have come by now are handed over if their caller has
 * begun to speak HTTP/2, and closed if not; the peers of those handed over stay known. */
void listeners_stop(struct listeners *listeners);

/* Reads TLS's files again, as tls_reload; RELOAD_NOTHING without TLS. */
enum reload_result listeners_reload(struct listeners *listeners, struct status *summary);

/* The addresses as people write them, with the ports that the kernel picked. */
size_t listeners_count(const struct listeners *listeners);
const char *listeners_address(const struct listeners *listeners, size_t index);

/* How many connections of callers are open. The main thread. */
size_t listeners_connections(const struct listeners *listeners);

/* Who is at the other end of an accepted descriptor. Any thread. */
void listener_peer(struct listeners *listeners, int fd, struct peer *peer);

/* Descriptors of our own for the connections that were accepted and are open; peers_hold. Any
 * thread. */
int *listeners_hold(struct listeners *listeners, size_t *count);

/*
 * A caller has given up a call on an accepted descriptor, which some call still keeps open. One who
 * does so more often in a second than it may have calls open (--max-streams) is disconnected: it
 * costs him two frames and us a call (CVE-2023-44487). -1 is nobody's. Any thread.
 */
void listener_count_cancel(struct listeners *listeners, int fd);

/* The thread of TLS, if there is one, answers when it comes round; once at a time. */
bool listeners_have_tls(const struct listeners *listeners);
void listeners_ping_tls(struct listeners *listeners, struct thread_ping *ping);
