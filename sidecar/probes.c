/* SPDX-License-Identifier: MIT */
#include "probes.h"

#include "base/clock.h"

#include "base/banned.h"

/* How often the threads are asked whether they still turn. */
#define WATCHDOG_NS CLOCK_NS_PER_S

void probes_init(struct probes *probes)
{
    *probes = (struct probes){.is_listening = false};
    pthread_mutex_init(&probes->notifying, NULL);
}

void probes_stop(struct probes *probes)
{
    watchdog_stop(probes->watchdog);
}

void probes_clear(struct probes *probes)
{
    watchdog_free(probes->watchdog);
    pthread_mutex_destroy(&probes->notifying);
}

static bool has_credential(void *context, struct buffer *why)
{
    const struct probes *probes = context;
    bool good = credential_ready(probes->parts.credential);
    buffer_add_text(why, good ? text_literal("there is a good one")
                              : text_literal("no good one in --token-file"));
    if (probes->parts.token_is_pinned)
        buffer_add_literal(why, ", in a file that cannot change (subPath)");
    return good;
}

static bool is_staying(void *context, struct buffer *why)
{
    struct probes *probes = context;
    bool draining = atomic_load(&probes->is_draining);
    buffer_add_text(why,
                    draining ? text_literal("calls under way may finish") : text_literal("none"));
    return !draining;
}

static bool is_listening(void *context, struct buffer *why)
{
    struct probes *probes = context;
    bool listening = atomic_load(&probes->is_listening);
    buffer_add_text(why, listening ? text_literal("open") : text_literal("not open yet"));
    return listening;
}

static bool are_threads_alive(void *context, struct buffer *why)
{
    const struct probes *probes = context;
    return watchdog_all_alive(probes->watchdog, why);
}

/* A sidecar without its upstream is as ready as any other: that would not help, and answers are
 * honest. */
static bool is_reached(void *context, struct buffer *why)
{
    const struct probes *probes = context;
    upstream_describe(probes->parts.upstream, why);
    return true;
}

static const struct monitor_check checks[] = {
    {"threads", MONITOR_LIVE, 0, are_threads_alive},
    {"listeners", MONITOR_STARTED | MONITOR_READY, 0, is_listening},
    {"credential", MONITOR_READY, 0, has_credential},
    {"drain", MONITOR_READY, 0, is_staying},
    {"upstream", 0, MONITOR_READY, is_reached},
};

const struct monitor_check *probes_checks(size_t *count)
{
    *count = array_length(checks);
    return checks;
}

void probes_changed(struct probes *probes)
{
    pthread_mutex_lock(&probes->notifying);
    if (atomic_load(&probes->is_listening))
        server_set_serving(probes->parts.server, !atomic_load(&probes->is_draining) &&
                                                     credential_ready(probes->parts.credential));
    pthread_mutex_unlock(&probes->notifying);
}

static void ping_poller(void *server, size_t number, struct thread_ping *ping)
{
    (void)number;
    server_ping_poller(server, ping);
}

static void ping_tls(void *server, size_t number, struct thread_ping *ping)
{
    (void)number;
    server_ping_tls(server, ping);
}

static void ping_upstream(void *upstream, size_t number, struct thread_ping *ping)
{
    upstream_ping(upstream, number, ping);
}

/* Not the log's thread: one that cannot write waits for the reader of stderr, which is no reason to
 * start anew. */
static struct watchdog *watch_threads(const struct probes_parts *parts, struct event_base *loop)
{
    struct watchdog *watchdog = watchdog_new(loop, WATCHDOG_NS);
    watchdog_add(watchdog, "poller", ping_poller, parts->server, 0);
    if (server_has_tls(parts->server))
        watchdog_add(watchdog, "tls", ping_tls, parts->server, 0);
    for (size_t i = 0; i < parts->upstream_loops; i++)
        watchdog_add(watchdog, "upstream", ping_upstream, parts->upstream, i);
    return watchdog;
}

void probes_set_listening(struct probes *probes, const struct probes_parts *parts,
                          struct event_base *loop)
{
    probes->parts = *parts;
    probes->watchdog = watch_threads(parts, loop);
    atomic_store(&probes->is_listening, true);
    probes_changed(probes);
}

void probes_set_draining(struct probes *probes)
{
    atomic_store(&probes->is_draining, true);
    probes_changed(probes);
}
