/* SPDX-License-Identifier: MIT */
/*
 * The connections of one loop: which are free, how many there may be, how long it takes until one
 * is free, and when none is tried for a moment. The loop's thread only.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "upstream/admission.h"
#include "upstream/breaker.h"
#include "upstream/connection.h"
#include "upstream/upstream.h"

struct pool;

/* Gets what happens in the pool. */
struct pool_owner {
    void (*finished)(struct exchange *exchange, void *context); /* it ended on a connection */
    /* A connection was made, or could not be: `failure` is NULL or says why. */
    void (*tried)(const struct status *failure, void *context);
    void *context;
    struct trust_store *trust_store; /* as connector_new's */
    /* When the last request was sent, on any loop of the upstream, to which no byte of a response
     * came. */
    _Atomic int64_t *unanswered_ns;
};

must_use bool pool_new(const struct upstream_settings *settings, struct event_base *loop,
                       const struct pool_owner *owner, struct pool **pool, struct status *status);
void pool_free(struct pool *pool); /* closes idle and opening connections; NULL is allowed */

/* Closes the idle connections that have shown no life since a request of any loop was sent to which
 * no byte of a response came: when the path under them is gone, each would cost one call more. */
void pool_close_silent(struct pool *pool);

/* How many exchanges may begin at once: connections that are idle, within the limit. One of them
 * may prove to have ended when it is taken. */
size_t pool_free_connections(const struct pool *pool);

/* A free connection, prepared, the one used last; NULL when none is free. It is then the exchange's
 * until that has ended. */
struct connection *pool_take(struct pool *pool);

/* Opens connections for `waiting` exchanges, as many as may be and are not being opened already.
 * When the limit is reached and they still wait, the limit may grow. */
void pool_open_for(struct pool *pool, size_t waiting);

/* False when there is no connection, none is being opened, and every connect so far took longer
 * than that time. */
bool pool_can_connect_within(const struct pool *pool, int64_t left_ns);

/* False when there is no connection, and none is being opened that is worth waiting for. */
bool pool_may_get_connection(const struct pool *pool);

/* The last failed connect. */
struct pool_failure {
    const struct status *status;
    int64_t at_ns;   /* when it failed */
    int64_t wait_ns; /* until the next one is tried */
};
struct pool_failure pool_failure(const struct pool *pool);

enum breaker_state pool_state(const struct pool *pool); /* any thread */

/* The exchanges under way, which decide whether others may begin. */
const struct admission *pool_admission(const struct pool *pool);

/* The exchange on a connection has lasted longer than its lease: it is taken to hang, and another
 * one may begin in its place. */
void pool_lapsed(struct pool *pool, const struct connection *connection);

/* How long an exchange that comes after `waiting` others will probably wait for a connection; 0
 * when that is not known. */
int64_t pool_wait_ns(const struct pool *pool, size_t waiting, int64_t now_ns);

/* Overwrites the bytes of the requests that were sent; after each round of the loop. */
void pool_wipe(struct pool *pool);

/* Closes the connection whose exchange `finished` is being called for, if it is open. */
void pool_close_finished(struct pool *pool);

/* Closes a connection whose exchange was abandoned; its cause is set. */
void pool_abandon(struct pool *pool, struct connection *connection,
                  const struct exchange *exchange);
