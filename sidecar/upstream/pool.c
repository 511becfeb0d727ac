/* SPDX-License-Identifier: MIT */
#include "upstream/pool.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

#include "base/banned.h"

/* Enough for an upstream that answers at once; measured, platform notes: more cost memory and gain
 * nothing then. */
#define FIRST_LIMIT 32

/* Shorter sleeps also happen when the machine is busy. */
#define LONG_SLEEP_NS (20 * CLOCK_NS_PER_MS)

/* How often idle connections are looked through, for each idle time. */
#define SWEEPS 12

/* After failed connects without a success between: a pause that doubles. Calls fail at once
 * meanwhile. */
#define FIRST_PAUSE_NS (50 * CLOCK_NS_PER_MS)
#define LONGEST_PAUSE_NS CLOCK_NS_PER_S

struct pool {
    struct connection_events events;
    const struct upstream_settings *settings;
    struct event_base *loop;
    struct connector *connector;
    struct event *sweep;
    void (*finished)(struct exchange *exchange, void *context);
    void *context;

    LIST_HEAD(, connection) idle; /* the one used last first */
    LIST_HEAD(, connection) opening;
    size_t open, being_opened; /* open: idle and busy */
    size_t limit;

    int64_t fastest_ns;    /* connect so far; 0 before the first */
    struct status failure; /* of the last failed connect; OK after a success */
    int64_t pause_ns, paused_until_ns;
};

static void on_opened(struct connection *connection, void *context)
{
    struct pool *pool = context;
    LIST_REMOVE(connection, place);
    pool->being_opened--;
    LIST_INSERT_HEAD(&pool->idle, connection, place);
    pool->open++;
    int64_t took_ns = connection->opened_ns - connection->began_ns;
    if (!pool->fastest_ns || took_ns < pool->fastest_ns)
        pool->fastest_ns = took_ns;
    metric_count(pool->settings->metrics, METRIC_UPSTREAM_CONNECTS, METRIC_OK, 0);
    metric_observe(pool->settings->metrics, METRIC_UPSTREAM_CONNECT_DURATION, 0, took_ns);
    metric_add(pool->settings->metrics, METRIC_UPSTREAM_CONNECTIONS, 0, 0, 1);
    status_clear(&pool->failure);
    pool->pause_ns = 0;
}

static void pause_after(struct pool *pool, const struct status *why)
{
    int64_t doubled = pool->pause_ns * 2;
    metric_count(pool->settings->metrics, METRIC_UPSTREAM_CONNECTS, METRIC_FAILED, 0);
    pool->failure = *why;
    pool->pause_ns = doubled < FIRST_PAUSE_NS     ? FIRST_PAUSE_NS
                     : doubled > LONGEST_PAUSE_NS ? LONGEST_PAUSE_NS
                                                  : doubled;
    pool->paused_until_ns = clock_now_ns() + pool->pause_ns;
}

static void on_failed(struct connection *connection, const struct status *why, void *context)
{
    struct pool *pool = context;
    LIST_REMOVE(connection, place);
    pool->being_opened--;
    pause_after(pool, why);
    connection_free(connection);
}

void pool_drop(struct pool *pool, struct connection *connection)
{
    pool->open--;
    metric_add(pool->settings->metrics, METRIC_UPSTREAM_CONNECTIONS, 0, 0, -1);
    connection_free(connection);
}

static bool is_old(const struct pool *pool, const struct connection *connection)
{
    return clock_now_ns() - connection->opened_ns > pool->settings->connection_age_ns;
}

static void on_finished(struct connection *connection, struct exchange *exchange, bool reusable,
                        void *context)
{
    struct pool *pool = context;
    if (reusable && !is_old(pool, connection))
        LIST_INSERT_HEAD(&pool->idle, connection, place);
    else
        pool_drop(pool, connection);
    pool->finished(exchange, pool->context);
}

static void on_ended(struct connection *connection, void *context)
{
    struct pool *pool = context;
    LIST_REMOVE(connection, place);
    pool_drop(pool, connection);
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct pool *pool = context;
    int64_t idle_before_ns = clock_now_ns() - pool->settings->connection_idle_ns;
    for (struct connection *connection = LIST_FIRST(&pool->idle), *next; connection;
         connection = next) {
        next = LIST_NEXT(connection, place);
        if (connection->idle_since_ns < idle_before_ns || is_old(pool, connection))
            on_ended(connection, pool);
    }
}

bool pool_new(const struct upstream_settings *settings, struct event_base *loop,
              void (*finished)(struct exchange *exchange, void *context), void *context,
              struct pool **pool, struct status *status)
{
    struct connector *connector;
    if (!connector_new(settings, loop, &connector, status))
        return false;
    struct pool *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct pool){
        .events = {on_opened, on_failed, on_finished, on_ended, made, settings->answer_bytes},
        .settings = settings,
        .loop = loop,
        .connector = connector,
        .finished = finished,
        .context = context,
        .limit = settings->connections < FIRST_LIMIT ? settings->connections : FIRST_LIMIT,
    };
    made->sweep = memory_expect(event_new(loop, -1, EV_PERSIST, on_sweep, made));
    int64_t pause_ns = settings->connection_idle_ns / SWEEPS;
    event_add(made->sweep, &(struct timeval){.tv_sec = pause_ns / CLOCK_NS_PER_S,
                                             .tv_usec = pause_ns % CLOCK_NS_PER_S / 1000});
    *pool = made;
    return true;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    while (!LIST_EMPTY(&pool->idle))
        on_ended(LIST_FIRST(&pool->idle), pool);
    while (!LIST_EMPTY(&pool->opening)) {
        struct connection *connection = LIST_FIRST(&pool->opening);
        LIST_REMOVE(connection, place);
        connection_free(connection);
    }
    assert(pool->open == 0);
    event_free(pool->sweep);
    connector_free(pool->connector);
    free(pool);
}

struct connection *pool_take(struct pool *pool)
{
    for (struct connection *connection; (connection = LIST_FIRST(&pool->idle));) {
        LIST_REMOVE(connection, place);
        if (connection_prepare(connection))
            return connection;
        pool_drop(pool, connection);
    }
    return NULL;
}

bool pool_is_in_time(const struct pool *pool, int64_t left_ns)
{
    return pool->open + pool->being_opened > 0 || left_ns >= pool->fastest_ns;
}

void pool_open_for(struct pool *pool, size_t waiting)
{
    if (waiting <= pool->being_opened || (pool->pause_ns && clock_now_ns() < pool->paused_until_ns))
        return;
    while (pool->being_opened < waiting && pool->open + pool->being_opened < pool->limit) {
        struct connection *connection;
        struct status status;
        if (!connection_open(pool->connector, pool->loop, &pool->events, &connection, &status)) {
            pause_after(pool, &status);
            return;
        }
        LIST_INSERT_HEAD(&pool->opening, connection, place);
        pool->being_opened++;
    }
}

bool pool_has_hope(const struct pool *pool, struct status *why)
{
    if (pool->open + pool->being_opened > 0)
        return true;
    *why = pool->failure;
    return false;
}

void pool_slept(struct pool *pool, int64_t slept_ns)
{
    if (slept_ns < LONG_SLEEP_NS || pool->open < pool->limit)
        return;
    size_t most = pool->settings->connections;
    pool->limit = pool->limit * 2 < most ? pool->limit * 2 : most;
}
