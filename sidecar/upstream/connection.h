/* SPDX-License-Identifier: MIT */
/*
 * One connection to the upstream and the exchange that it carries, one at a time (RFC 9112
 * section 9.3, without pipelining). It is watched for as long as it is open, so that one which the
 * peer closed while it was idle is noticed before it is used. The loop's thread only.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "upstream/connector.h"
#include "upstream/outgoing.h"
#include "upstream/upstream.h"

enum connection_state {
    CONNECTION_OPENING,
    CONNECTION_IDLE,
    CONNECTION_BUSY,
    CONNECTION_CLOSED, /* never seen from outside: connection_free follows */
};

/* Events that a connection reports to its pool. After `failed` and `ended` the pool frees it. */
struct connection_events {
    void (*opened)(struct connection *connection, void *pool);
    void (*failed)(struct connection *connection, const struct status *why, void *pool);
    /* The exchange has its outcome; the connection is idle again when `reusable`, else it is to be
     * freed. */
    void (*finished)(struct connection *connection, struct exchange *exchange, bool reusable,
                     void *pool);
    /* It was idle, and the peer closed it or sent something without a request. */
    void (*ended)(struct connection *connection, void *pool);
    void *pool;
    size_t response_bytes;
    struct outgoing *outgoing; /* of the loop */
};

struct connection {
    enum connection_state state;
    LIST_ENTRY(connection) place; /* in its pool */
    int64_t began_ns, opened_ns;  /* began: to connect */
    int64_t taken_ns;             /* when its exchange began */
    int64_t idle_since_ns;        /* when the last response was complete, or it was opened */
    int64_t idle_limit_ns;        /* that the peer set for being idle; INT64_MAX when it set none */

    struct transport *transport;
    const struct connection_events *events;
    struct event_base *loop;
    struct event *readable, *writable;
    struct exchange *exchange;
    struct http1_reader *reader;
    uint64_t written_before; /* transport_tally's, when it was prepared */
    bool used;
    bool was_silent; /* its last exchange ended without a byte of a response */
};

/* Starts to connect. INTERNAL when libcurl refuses. */
must_use bool connection_open(struct connector *connector, struct event_base *loop,
                              const struct connection_events *events,
                              struct connection **connection, struct status *status);

/* Why the peer refused the connection, also when that became known after it was opened; NULL when
 * it did not. */
const char *connection_refusal(const struct connection *connection);

/* Closes it; it must carry no exchange. */
void connection_free(struct connection *connection);

/* The last look before an exchange begins: false when the peer has ended the idle connection, or
 * sent something without a request, also together with the response before. */
must_use bool connection_prepare(struct connection *connection);

/* Starts an exchange on a connection that was prepared just now. `finished` may be called before
 * this returns. */
void connection_begin(struct connection *connection, struct exchange *exchange);

/* Takes the exchange off a busy connection, which must be freed then, and sets its outcome by
 * what had left us. */
void connection_abandon(struct connection *connection);
