/* SPDX-License-Identifier: MIT */
/* Exchanges of an upstream with a scripted TLS peer, for unit tests of the upstream. */
#pragma once

#include <cmocka.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tls_peer.h"
#include "upstream/upstream.h"

/* An upstream with a scripted peer, and one exchange after another. */
struct trial {
    char folder[32], url[64], ca_file[64];
    struct tls_peer *peer;
    struct upstream *upstream;
};

struct ask {
    struct exchange exchange;
    struct arena arena;
    sem_t done, released;
    char *bytes;
};

static inline void on_done(struct exchange *exchange)
{
    sem_post(&container_of(exchange, struct ask, exchange)->done);
}

static inline void on_released(struct exchange *exchange)
{
    sem_post(&container_of(exchange, struct ask, exchange)->released);
}

/* Tests that need other settings change them after `begin`. */
static const struct upstream_settings usual = {.loops = 1,
                                               .connections = 4,
                                               .response_bytes = 4096,
                                               .connection_idle_ns = 60 * CLOCK_NS_PER_S,
                                               .connection_age_ns = UPSTREAM_AGE_NS};

static inline void begin_with(struct trial *trial, const struct upstream_settings *wanted,
                              const struct tls_script *scripts, unsigned count)
{
    struct status status;
    struct upstream_settings settings = *wanted;
    snprintf(trial->folder, sizeof trial->folder, "/tmp/upstream-XXXXXX");
    assert_non_null(mkdtemp(trial->folder));
    trial->peer = tls_peer_start(trial->folder, scripts, count);
    snprintf(trial->url, sizeof trial->url, "https://localhost:%u", tls_peer_port(trial->peer));
    snprintf(trial->ca_file, sizeof trial->ca_file, "%s/cert.pem", trial->folder);
    settings.url = trial->url;
    settings.ca_file = trial->ca_file;
    assert_true(upstream_open(&settings, &trial->upstream, &status));
}

static inline void begin(struct trial *trial, const struct tls_script *scripts, unsigned count)
{
    begin_with(trial, &usual, scripts, count);
}

static inline void finish(struct trial *trial)
{
    upstream_free(trial->upstream);
    tls_peer_stop(trial->peer);
    unlink(trial->ca_file);
    rmdir(trial->folder);
}

/* All but handing it over. */
static inline void ask_prepare(const char *method, struct ask *ask, size_t body_bytes,
                               int64_t deadline_ns)
{
    exchange_init(&ask->exchange);
    sem_init(&ask->done, 0, 0);
    sem_init(&ask->released, 0, 0);
    arena_init(&ask->arena, 1 << 20);
    ask->bytes = malloc(body_bytes + 128);
    size_t head = (size_t)snprintf(
        ask->bytes, 128, "%s /v2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n",
        method, body_bytes);
    memset(ask->bytes + head, 'a', body_bytes);
    http_bytes_add(&ask->exchange.request, (struct text){ask->bytes, head + body_bytes});
    ask->exchange.arena = &ask->arena;
    ask->exchange.deadline_ns = clock_now_ns() + deadline_ns;
    ask->exchange.done = on_done;
    ask->exchange.released = on_released;
}

static inline void ask_start_by(const char *method, struct ask *ask, struct upstream *upstream,
                                size_t body_bytes, int64_t deadline_ns)
{
    ask_prepare(method, ask, body_bytes, deadline_ns);
    upstream_send(upstream, &ask->exchange);
}

static inline void ask_start(struct ask *ask, struct upstream *upstream, size_t body_bytes,
                             int64_t deadline_ns)
{
    ask_start_by("POST", ask, upstream, body_bytes, deadline_ns);
}

static inline void ask_wait(struct ask *ask)
{
    while (sem_wait(&ask->done) != 0)
        ;
}

static inline void ask_clear(struct ask *ask)
{
    arena_clear(&ask->arena);
    free(ask->bytes);
}

static inline void ask_whole(struct ask *ask, struct upstream *upstream, size_t body_bytes)
{
    ask_start(ask, upstream, body_bytes, 20 * CLOCK_NS_PER_S);
    ask_wait(ask);
}
