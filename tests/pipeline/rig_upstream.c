/* SPDX-License-Identifier: MIT */
/* In-memory replacement of upstream/upstream.c. */
#include "rig_parts.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "http/response_reader.h"

#define RESPONSE_BYTES (4U << 20)

/* Between calls, once the upstream has throttled one without a time. */
#define RATE_INTERVAL_NS (2 * CLOCK_NS_PER_S)

const char *const exchange_cause_names[EXCHANGE_CAUSE_COUNT] = {
#define CAUSE(id, name) [EXCHANGE_CAUSE_##id] = (name),
    EXCHANGE_CAUSES(CAUSE)
#undef CAUSE
};

void exchange_init(struct exchange *exchange)
{
    memset(exchange, 0, sizeof *exchange);
}

void upstream_send(struct upstream *upstream, struct exchange *exchange)
{
    (void)upstream;
    struct rig_result *result = &the_rig->result;
    assert(!the_rig->waiting && result->request_count < array_length(result->requests));
    exchange->http_status = 0;
    exchange->response = (struct http_response){0};
    exchange->cause = EXCHANGE_CAUSE_NONE;
    status_clear(&exchange->status);
    the_rig->waiting = exchange;
}

/* For credentials that are fetched, of which the rig has none. */
bool upstream_open(const struct upstream_settings *settings, struct upstream **upstream,
                   struct status *status)
{
    (void)settings, (void)upstream;
    return status_fail(status, STATUS_INTERNAL, "the rig has no other upstream");
}

void upstream_end_all(struct upstream *upstream)
{
    (void)upstream;
}

void upstream_free(struct upstream *upstream)
{
    (void)upstream;
}

bool upstream_reserve(struct upstream *upstream, struct exchange *exchange)
{
    (void)upstream, (void)exchange;
    return false;
}

void upstream_committed(struct exchange *exchange, bool good)
{
    assert(good);
    exchange->commit = NULL;
    exchange->released(exchange);
}

void upstream_cancel(struct exchange *exchange)
{
    (void)exchange;
}

void upstream_close_connection(struct exchange *exchange)
{
    (void)exchange;
    the_rig->result.closed_connections++;
}

void upstream_note_rate(struct exchange *exchange, const struct rate_throttle *throttle)
{
    (void)exchange;
    the_rig->rate_wait_ns = !throttle                       ? 0
                            : throttle->retry_after_ns > 0  ? throttle->retry_after_ns
                            : throttle->named.window_ns > 0 ? throttle->named.window_ns
                                                            : RATE_INTERVAL_NS;
}

int64_t upstream_rate_wait_ns(struct exchange *exchange)
{
    (void)exchange;
    return the_rig->rate_wait_ns;
}

struct text upstream_authority(const struct upstream *upstream)
{
    (void)upstream;
    return text_literal("upstream.example");
}

/* Reads a response as connection.c does: one that breaks off is a lost connection, and a malformed
 * one is unreadable. */
static bool read_response(struct http1_reader *reader, struct text response,
                          struct exchange *exchange)
{
    size_t consumed;
    enum http1_progress progress = HTTP1_MORE;
    if (response.size > 0)
        progress = http1_reader_feed(reader, response, &consumed, &exchange->status);
    if (progress == HTTP1_BROKEN) {
        exchange->cause = exchange->arena->refused ? EXCHANGE_CAUSE_NO_MEMORY
                          : http1_reader_fault(reader) == HTTP1_FAULT_BODY_TOO_LARGE
                              ? EXCHANGE_CAUSE_RESPONSE_TOO_LARGE
                              : EXCHANGE_CAUSE_UNREADABLE_RESPONSE;
        return false;
    }
    if (progress == HTTP1_MORE && the_rig->upstream->ends_stream)
        progress = http1_reader_end(reader, &exchange->status);
    exchange->cause = progress == HTTP1_COMPLETE ? EXCHANGE_CAUSE_NONE : EXCHANGE_CAUSE_LOST;
    return progress == HTTP1_COMPLETE;
}

static const struct rig_response *next_response(void)
{
    const struct rig_upstream *upstream = the_rig->upstream;
    size_t number = the_rig->result.request_count - 1;
    return &upstream->responses[number < upstream->response_count ? number
                                                                  : upstream->response_count - 1];
}

static void end_exchange(struct exchange *exchange, enum exchange_outcome outcome,
                         enum exchange_cause cause)
{
    exchange->ended_ns = the_rig->now_ns;
    exchange->outcome = outcome;
    exchange->cause = cause;
    exchange->sent_bytes = outcome == EXCHANGE_NOT_SENT ? 0 : exchange->request.size;
    if (outcome != EXCHANGE_ANSWERED && exchange->status.code == STATUS_OK)
        status_set(&exchange->status, STATUS_UNKNOWN, "the exchange ended");
    exchange->done(exchange);
}

static struct text join(const struct http_bytes *bytes)
{
    char *joined = arena_alloc(&the_rig->arena, bytes->size);
    assert(joined);
    return (struct text){joined, http_bytes_copy(bytes, 0, joined, bytes->size)};
}

/* Lets time pass; false when the deadline came first. */
static bool pass(struct exchange *exchange, int64_t ns)
{
    bool in_time = ns <= exchange->deadline_ns - the_rig->now_ns;
    the_rig->now_ns = in_time ? the_rig->now_ns + ns : exchange->deadline_ns;
    return in_time;
}

/* Does the work of upstream.c and connection.c, with all bytes at once. */
void rig_respond(struct exchange *exchange)
{
    static const struct http1_limits limits = {
        .head_bytes = 65536, .field_count = 100, .body_bytes = RESPONSE_BYTES, .interim = 8};
    struct rig_result *result = &the_rig->result;
    exchange->queued_ns = the_rig->now_ns;
    exchange->started_ns = 0;
    int64_t rate_ns = exchange->was_throttled ? the_rig->rate_wait_ns : 0;
    if (!pass(exchange, exchange->delay_ns + rate_ns)) {
        end_exchange(exchange, EXCHANGE_NOT_SENT, EXCHANGE_CAUSE_DEADLINE);
        return;
    }
    if (exchange->commit)
        exchange->commit(exchange);
    if (!exchange->prepare(exchange)) {
        end_exchange(exchange, EXCHANGE_NOT_SENT, EXCHANGE_CAUSE_UNPREPARED);
        return;
    }
    result->requests[result->request_count++] = join(&exchange->request);
    const struct rig_response *response = next_response();
    struct http1_reader *reader = http1_reader_new(exchange->arena, &limits, false);
    assert(reader); /* no exchange begins with an arena that is full of the one before */
    exchange->started_ns = response->not_sent ? 0 : the_rig->now_ns;
    enum exchange_outcome unanswered =
        response->not_sent ? EXCHANGE_NOT_SENT : EXCHANGE_PERHAPS_PROCESSED;
    if (!pass(exchange, response->takes_ns)) {
        end_exchange(exchange, unanswered, EXCHANGE_CAUSE_DEADLINE);
        return;
    }
    if (response->ends) {
        end_exchange(exchange, unanswered, response->ends);
        return;
    }
    bool complete = read_response(reader, response->bytes, exchange);
    exchange->http_status = http1_reader_status(reader);
    if (complete)
        exchange->response = http1_reader_response(reader);
    end_exchange(exchange, complete ? EXCHANGE_ANSWERED : EXCHANGE_PERHAPS_PROCESSED,
                 exchange->cause);
}
