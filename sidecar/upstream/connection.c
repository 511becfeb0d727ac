/* SPDX-License-Identifier: MIT */
#include "upstream/connection.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/response_reader.h"

#include "base/banned.h"

/* The front gateway's own responses stay far below. */
static const struct http1_limits response_limits = {
    .head_bytes = 65536, .field_count = 100, .interim = 8};

/* How long before the peer closes an idle connection the last request may be sent on it. */
#define IDLE_MARGIN_NS CLOCK_NS_PER_S

/* One record of TLS and a little more; shared by all connections of a thread, because every piece
 * is copied at once. */
static _Thread_local char received[32768];

static struct exchange *detach(struct connection *connection, enum connection_state state)
{
    struct exchange *exchange = connection->exchange;
    exchange->http_status = http1_reader_status(connection->reader);
    exchange->connection = NULL;
    connection->exchange = NULL;
    connection->was_silent = http1_reader_untouched(connection->reader);
    connection->reader = NULL;
    connection->state = state;
    return exchange;
}

void connection_abandon(struct connection *connection)
{
    const struct transport *transport = connection->transport;
    bool left_us = transport_tally(transport).written != connection->written_before &&
                   !transport_refused_handshake(transport);
    struct exchange *exchange = detach(connection, CONNECTION_CLOSED);
    exchange->outcome = left_us ? EXCHANGE_PERHAPS_PROCESSED : EXCHANGE_NOT_SENT;
    if (!left_us)
        exchange->sent_bytes = 0;
}

static void fail(struct connection *connection, enum exchange_cause cause)
{
    struct exchange *exchange = connection->exchange;
    connection_abandon(connection);
    exchange->cause = cause;
    connection->events->finished(connection, exchange, false, connection->events->pool);
}

/* A request has to arrive before the peer's own limit is over. */
static void obey_idle_limit(struct connection *connection)
{
    uint64_t limit_s = http1_reader_idle_limit_s(connection->reader);
    if (limit_s <= INT64_MAX / CLOCK_NS_PER_S)
        connection->idle_limit_ns = (int64_t)limit_s * CLOCK_NS_PER_S - IDLE_MARGIN_NS;
}

static void answered(struct connection *connection, bool reusable)
{
    struct exchange *exchange = connection->exchange;
    obey_idle_limit(connection);
    /* A response that came before the request was sent whole leaves the rest of it in the way of
     * the next one. */
    reusable = reusable && connection->idle_limit_ns > 0 &&
               exchange->sent_bytes == exchange->request.size &&
               http1_reader_keeps_alive(connection->reader);
    exchange->outcome = EXCHANGE_ANSWERED;
    exchange->response = http1_reader_response(connection->reader);
    detach(connection, reusable ? CONNECTION_IDLE : CONNECTION_CLOSED);
    connection->idle_since_ns = clock_now_ns();
    connection->events->finished(connection, exchange, reusable, connection->events->pool);
}

static enum exchange_cause cause_of(const struct connection *connection)
{
    if (connection->exchange->arena->refused)
        return EXCHANGE_CAUSE_NO_MEMORY;
    return http1_reader_fault(connection->reader) == HTTP1_FAULT_BODY_TOO_LARGE
               ? EXCHANGE_CAUSE_RESPONSE_TOO_LARGE
               : EXCHANGE_CAUSE_UNREADABLE_RESPONSE;
}

static void stream_broke(struct connection *connection)
{
    const char *refusal = transport_refusal(connection->transport);
    if (http1_reader_cut(connection->reader, &connection->exchange->status) == HTTP1_COMPLETE) {
        answered(connection, false);
        return;
    }
    if (refusal)
        status_set(&connection->exchange->status, STATUS_UNKNOWN, "%s", refusal);
    fail(connection, EXCHANGE_CAUSE_LOST);
}

/* The peer ended the stream, which completes some responses and cuts all others off. */
static void stream_ended(struct connection *connection)
{
    struct status *status = &connection->exchange->status;
    if (http1_reader_untouched(connection->reader)) {
        status_set(status, STATUS_UNKNOWN, "the upstream closed the connection without a response");
        fail(connection, EXCHANGE_CAUSE_LOST);
    } else if (http1_reader_end(connection->reader, status) == HTTP1_COMPLETE) {
        answered(connection, false);
    } else {
        fail(connection, EXCHANGE_CAUSE_LOST);
    }
}

/* The bytes may be a secret, which stays in the memory of its exchange alone. */
static enum http1_progress feed(struct connection *connection, size_t bytes, size_t *consumed)
{
    enum http1_progress progress =
        http1_reader_feed(connection->reader, (struct text){received, bytes}, consumed,
                          &connection->exchange->status);
    explicit_bzero(received, bytes);
    return progress;
}

/* True when more can be read now. */
static bool read_response(struct connection *connection)
{
    size_t bytes, consumed;
    enum transport_result result =
        transport_receive(connection->transport, received, sizeof received, &bytes);
    if (result == TRANSPORT_AGAIN)
        return false;
    if (result != TRANSPORT_DONE) {
        (result == TRANSPORT_ENDED ? stream_ended : stream_broke)(connection);
        return false;
    }
    switch (feed(connection, bytes, &consumed)) {
    case HTTP1_MORE:
        return true;
    case HTTP1_COMPLETE:
        answered(connection, consumed == bytes);
        return false;
    case HTTP1_BROKEN:
    default:
        fail(connection, cause_of(connection));
        return false;
    }
}

/* An idle connection is readable when TLS has news of its own, such as session tickets, or when it
 * has ended. */
static bool is_quiet(struct connection *connection)
{
    size_t bytes;
    return transport_receive(connection->transport, received, sizeof received, &bytes) ==
           TRANSPORT_AGAIN;
}

static bool socket_is_empty(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

bool connection_prepare(struct connection *connection)
{
    struct transport_tally tally = transport_tally(connection->transport);
    bool silent = !tally.holds_bytes && socket_is_empty(event_get_fd(connection->readable));
    connection->written_before = tally.written;
    return silent || is_quiet(connection);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct connection *connection = context;
    if (connection->state == CONNECTION_BUSY) {
        while (read_response(connection))
            ;
        return;
    }
    if (!is_quiet(connection))
        connection->events->ended(connection, connection->events->pool);
}

/* Writes until all is written or the kernel takes no more; a piece that was not taken is put
 * together again, unchanged, and offered again. */
static void write_request(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    while (exchange->sent_bytes < exchange->request.size) {
        size_t moved;
        struct text piece =
            outgoing_piece(connection->events->outgoing, &exchange->request, exchange->sent_bytes);
        enum transport_result result = transport_send(connection->transport, piece, &moved);
        if (result == TRANSPORT_AGAIN) {
            event_add(connection->writable, NULL);
            return;
        }
        if (result != TRANSPORT_DONE) {
            status_set(&exchange->status, STATUS_UNKNOWN,
                       "the connection to the upstream broke while the request was sent");
            fail(connection, EXCHANGE_CAUSE_LOST);
            return;
        }
        exchange->sent_bytes += moved;
    }
    event_del(connection->writable);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    write_request(context);
}

static bool watch(struct connection *connection)
{
    int fd = transport_descriptor(connection->transport);
    if (fd < 0)
        return false;
    connection->readable = memory_expect(
        event_new(connection->loop, fd, EV_READ | EV_PERSIST, on_readable, connection));
    connection->writable = memory_expect(
        event_new(connection->loop, fd, EV_WRITE | EV_PERSIST, on_writable, connection));
    return event_add(connection->readable, NULL) == 0 && is_quiet(connection);
}

/* Bytes that come before a request was sent belong to none (RFC 9112 section 9.2). */
static bool opens_well(struct connection *connection, struct status *status)
{
    if (watch(connection))
        return true;
    const char *refusal = connection_refusal(connection);
    return status_fail(status, STATUS_UNAVAILABLE, "%s",
                       refusal ? refusal
                               : "the upstream ended the connection or sent something before a "
                                 "request was sent");
}

static void on_opened(struct transport *transport, bool good, const struct status *status,
                      void *context)
{
    (void)transport;
    struct connection *connection = context;
    const struct connection_events *events = connection->events;
    struct status refused;
    if (!good || !opens_well(connection, &refused)) {
        events->failed(connection, good ? &refused : status, events->pool);
        return;
    }
    connection->state = CONNECTION_IDLE;
    connection->opened_ns = connection->idle_since_ns = clock_now_ns();
    events->opened(connection, events->pool);
}

bool connection_open(struct connector *connector, struct event_base *loop,
                     const struct connection_events *events, struct connection **connection,
                     struct status *status)
{
    struct connection *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct connection){.state = CONNECTION_OPENING,
                                .began_ns = clock_now_ns(),
                                .events = events,
                                .loop = loop,
                                .idle_limit_ns = INT64_MAX};
    if (!transport_open(connector, on_opened, made, &made->transport, status)) {
        free(made);
        return false;
    }
    *connection = made;
    return true;
}

const char *connection_refusal(const struct connection *connection)
{
    return transport_refusal(connection->transport);
}

void connection_free(struct connection *connection)
{
    assert(!connection->exchange);
    if (connection->readable)
        event_free(connection->readable);
    if (connection->writable)
        event_free(connection->writable);
    transport_close(connection->transport);
    free(connection);
}

/* Its response has no body, whatever its fields say (RFC 9112 section 6.3). */
static bool is_head(const struct exchange *exchange)
{
    static const struct text head = text_literal("HEAD ");
    return text_starts_with(exchange->request.parts[0], head);
}

static bool is_prepared(struct exchange *exchange)
{
    if (!exchange->prepare || exchange->prepare(exchange))
        return true;
    exchange->cause = exchange->status.code == STATUS_RESOURCE_EXHAUSTED
                          ? EXCHANGE_CAUSE_NO_MEMORY
                          : EXCHANGE_CAUSE_UNPREPARED;
    return false;
}

static bool open_reader(struct connection *connection, struct exchange *exchange)
{
    struct http1_limits limits = response_limits;
    limits.body_bytes = connection->events->response_bytes;
    connection->reader = http1_reader_new(exchange->arena, &limits, is_head(exchange));
    return connection->reader || status_fail(&exchange->status, STATUS_INTERNAL,
                                             "the call's memory has no room for a response");
}

void connection_begin(struct connection *connection, struct exchange *exchange)
{
    assert(connection->state == CONNECTION_IDLE);
    if (!is_prepared(exchange) || !open_reader(connection, exchange)) {
        exchange->outcome = EXCHANGE_NOT_SENT;
        connection->events->finished(connection, exchange, true, connection->events->pool);
        return;
    }
    connection->state = CONNECTION_BUSY;
    connection->exchange = exchange;
    exchange->connection = connection;
    exchange->connection_reused = connection->used;
    connection->used = true;
    exchange->started_ns = clock_now_ns();
    write_request(connection);
}
