/* SPDX-License-Identifier: MIT */
#include "upstream/upstream.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "upstream/connector.h"
#include "upstream/loop.h"
#include "upstream/trust_store.h"

#include "base/banned.h"

const char *const exchange_cause_names[EXCHANGE_CAUSE_COUNT] = {
#define CAUSE(id, name) [EXCHANGE_CAUSE_##id] = (name),
    EXCHANGE_CAUSES(CAUSE)
#undef CAUSE
};

struct upstream {
    struct upstream_settings settings;
    char *authority;
    struct loop_shared shared;
    atomic_uint turn;
    size_t loop_count;
    struct upstream_loop loops[];
};

/* "https://host:port" without the scheme, without the dot at the end of a name, which is for
 * resolvers alone, and without the port that the scheme implies. */
static char *authority_of(const char *url)
{
    const char *port_implied = connector_is_plaintext(url) ? ":80" : ":443";
    char *authority = memory_expect(strdup(strstr(url, "://") + 3));
    char *port = strrchr(authority, ':');
    char *end = port ? port : strchr(authority, '\0');
    if (end > authority && end[-1] == '.')
        memmove(end - 1, end, strlen(end) + 1);
    size_t size = strlen(authority), implied = strlen(port_implied);
    if (size > implied && strcmp(authority + size - implied, port_implied) == 0)
        authority[size - implied] = '\0';
    return authority;
}

bool upstream_open(const struct upstream_settings *settings, struct upstream **upstream,
                   struct status *status)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return status_fail(status, STATUS_INTERNAL, "start libcurl");
    struct upstream *made =
        memory_expect(calloc(1, sizeof *made + settings->loops * sizeof made->loops[0]));
    made->settings = *settings;
    made->authority = authority_of(settings->url);
    connect_status_init(&made->shared.connect_status);
    rate_gate_init(&made->shared.rate, &made->settings.rate, &made->settings.rate_changes);
    if (settings->ca_file && !trust_store_open(settings->ca_file, &settings->ca_changes,
                                               &made->shared.trust_store, status)) {
        upstream_free(made);
        return false;
    }
    for (size_t i = 0; i < settings->loops; i++) {
        made->loop_count++;
        if (!loop_open(&made->loops[i], i, &made->settings, &made->shared, status)) {
            upstream_free(made);
            return false;
        }
    }
    *upstream = made;
    return true;
}

bool upstream_has_ca(const struct upstream *upstream)
{
    struct trust_store *trust_store = upstream->shared.trust_store;
    return !trust_store || trust_store_is_loaded(trust_store);
}

void upstream_free(struct upstream *upstream)
{
    if (!upstream)
        return;
    for (size_t i = 0; i < upstream->loop_count; i++)
        loop_close(&upstream->loops[i]);
    trust_store_free(upstream->shared.trust_store);
    rate_gate_clear(&upstream->shared.rate);
    connect_status_clear(&upstream->shared.connect_status);
    free(upstream->authority);
    free(upstream);
    curl_global_cleanup();
}

void exchange_init(struct exchange *exchange)
{
    memset(exchange, 0, offsetof(struct exchange, status));
    exchange->deadline_cause = EXCHANGE_CAUSE_DEADLINE;
    status_clear(&exchange->status);
}

/* Sent again, an exchange stays where a cancel looks for it. */
static void choose_loop(struct upstream *upstream, struct exchange *exchange)
{
    if (!exchange->loop)
        loop_adopt(&upstream->loops[atomic_fetch_add(&upstream->turn, 1) % upstream->loop_count],
                   exchange);
}

bool upstream_reserve(struct upstream *upstream, struct exchange *exchange)
{
    choose_loop(upstream, exchange);
    return loop_reserve(exchange);
}

void upstream_committed(struct exchange *exchange, bool good)
{
    exchange->withdrawn = !good;
    loop_committed(exchange);
}

void upstream_send(struct upstream *upstream, struct exchange *exchange)
{
    choose_loop(upstream, exchange);
    loop_send(exchange);
}

void upstream_cancel(struct exchange *exchange)
{
    loop_cancel(exchange);
}

void upstream_close_connection(struct exchange *exchange)
{
    pool_close_finished(exchange->loop->pool);
}

void upstream_end_all(struct upstream *upstream)
{
    for (size_t i = 0; i < upstream->loop_count; i++)
        loop_end_all(&upstream->loops[i]);
    for (size_t i = 0; i < upstream->loop_count; i++)
        loop_wait_ended(&upstream->loops[i]);
}

enum breaker_state upstream_state(const struct upstream *upstream)
{
    enum breaker_state worst = BREAKER_CLOSED;
    for (size_t i = 0; i < upstream->loop_count; i++) {
        enum breaker_state state = pool_state(upstream->loops[i].pool);
        worst = state > worst ? state : worst;
    }
    return worst;
}

/* Of all loops, as far as this one can know. */
static double accepted_per_s(const struct upstream_loop *loop)
{
    return rate_meter_per_s(&loop->accepted, clock_now_ns()) * (double)loop->count;
}

void upstream_note_rate(struct exchange *exchange, const struct rate_throttle *throttle)
{
    struct upstream_loop *loop = exchange->loop;
    struct rate_gate *rate = loop->rate;
    if (throttle) {
        rate_gate_throttled(rate, throttle, accepted_per_s(loop), exchange->started_ns);
        return;
    }
    rate_meter_count(&loop->accepted, exchange->ended_ns);
    /* Relaxed, as rate_gate.h says. */
    if (exchange->started_ns < atomic_load_explicit(&rate->lowered_ns, memory_order_relaxed))
        rate_gate_accepted(rate, accepted_per_s(loop));
}

int64_t upstream_rate_wait_ns(struct exchange *exchange)
{
    return rate_gate_wait_ns(exchange->loop->rate, 0);
}

/* For the metrics' page alone, hence relaxed. */
struct upstream_load upstream_load(struct upstream *upstream)
{
    struct upstream_load load = {
        .waiting = atomic_load_explicit(&upstream->shared.rate.waiting, memory_order_relaxed),
        .per_s = rate_gate_per_s(&upstream->shared.rate),
    };
    for (size_t i = 0; i < upstream->loop_count; i++) {
        load.limit += atomic_load_explicit(&upstream->loops[i].limit, memory_order_relaxed);
        load.times_lowered +=
            atomic_load_explicit(&upstream->loops[i].times_lowered, memory_order_relaxed);
        load.hung += atomic_load_explicit(&upstream->loops[i].hung, memory_order_relaxed);
    }
    return load;
}

static void describe_load(struct upstream *upstream, struct buffer *out)
{
    struct upstream_load load = upstream_load(upstream);
    char written[96];
    if (load.per_s > 0) {
        snprintf(written, sizeof written, "; rate: %.3g calls/s, %zu waiting", load.per_s,
                 load.waiting);
        buffer_add_text(out, text_of(written));
    }
    if (load.hung > 0) {
        snprintf(written, sizeof written, "; %zu calls hang", load.hung);
        buffer_add_text(out, text_of(written));
    }
}

void upstream_describe(struct upstream *upstream, struct buffer *out)
{
    enum breaker_state state = upstream_state(upstream);
    connect_status_describe(&upstream->shared.connect_status, out);
    if (state != BREAKER_CLOSED) {
        buffer_add_literal(out, "; breaker: ");
        buffer_add_text(out, text_of(breaker_state_names[state]));
    }
    describe_load(upstream, out);
}

struct text upstream_authority(const struct upstream *upstream)
{
    return text_of(upstream->authority);
}
