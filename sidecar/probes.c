/* SPDX-License-Identifier: MIT */
#include "probes.h"

#include "base/clock.h"

#include "base/banned.h"

/* How often the threads are asked whether they still turn. */
#define WATCHDOG_NS CLOCK_NS_PER_S

void condition_init(struct condition *condition)
{
    *condition = (struct condition){.is_listening = false};
    pthread_mutex_init(&condition->telling, NULL);
}

void condition_stop(struct condition *condition)
{
    watchdog_stop(condition->watchdog);
}

void condition_clear(struct condition *condition)
{
    watchdog_free(condition->watchdog);
    pthread_mutex_destroy(&condition->telling);
}

static bool has_credential(void *context, struct buffer *why)
{
    const struct condition *condition = context;
    bool good = credential_ready(condition->parts.credential);
    buffer_add_text(why, good ? text_literal("there is a good one")
                              : text_literal("no good one in --token-file"));
    return good;
}

static bool is_staying(void *context, struct buffer *why)
{
    struct condition *condition = context;
    bool draining = atomic_load(&condition->is_draining);
    buffer_add_text(why,
                    draining ? text_literal("calls under way may finish") : text_literal("none"));
    return !draining;
}

static bool is_listening(void *context, struct buffer *why)
{
    struct condition *condition = context;
    bool listening = atomic_load(&condition->is_listening);
    buffer_add_text(why, listening ? text_literal("open") : text_literal("not open yet"));
    return listening;
}

static bool are_threads_alive(void *context, struct buffer *why)
{
    const struct condition *condition = context;
    return watchdog_all_alive(condition->watchdog, why);
}

/* A sidecar without its upstream is as ready as any other: that would not help, and answers are
 * honest. */
static bool is_reached(void *context, struct buffer *why)
{
    const struct condition *condition = context;
    upstream_describe(condition->parts.upstream, why);
    return true;
}

static const struct monitor_check checks[] = {
    {"threads", MONITOR_LIVE, 0, are_threads_alive},
    {"listeners", MONITOR_STARTED | MONITOR_READY, 0, is_listening},
    {"credential", MONITOR_READY, 0, has_credential},
    {"drain", MONITOR_READY, 0, is_staying},
    {"upstream", 0, MONITOR_READY, is_reached},
};

const struct monitor_check *condition_checks(size_t *count)
{
    *count = array_length(checks);
    return checks;
}

void condition_changed(struct condition *condition)
{
    pthread_mutex_lock(&condition->telling);
    if (atomic_load(&condition->is_listening))
        server_set_serving(condition->parts.server,
                           !atomic_load(&condition->is_draining) &&
                               credential_ready(condition->parts.credential));
    pthread_mutex_unlock(&condition->telling);
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
static struct watchdog *watch_threads(const struct condition_parts *parts, struct event_base *loop)
{
    struct watchdog *watchdog = watchdog_new(loop, WATCHDOG_NS);
    watchdog_add(watchdog, "poller", ping_poller, parts->server, 0);
    if (server_has_tls(parts->server))
        watchdog_add(watchdog, "tls", ping_tls, parts->server, 0);
    for (size_t i = 0; i < parts->upstream_loops; i++)
        watchdog_add(watchdog, "upstream", ping_upstream, parts->upstream, i);
    return watchdog;
}

void condition_set_listening(struct condition *condition, const struct condition_parts *parts,
                             struct event_base *loop)
{
    condition->parts = *parts;
    condition->watchdog = watch_threads(parts, loop);
    atomic_store(&condition->is_listening, true);
    condition_changed(condition);
}

void condition_set_draining(struct condition *condition)
{
    atomic_store(&condition->is_draining, true);
    condition_changed(condition);
}
