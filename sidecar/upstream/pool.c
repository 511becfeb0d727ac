/* SPDX-License-Identifier: MIT */
#include "upstream/pool.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "system/memory_trim.h"

#include "base/banned.h"

/* Idle connections are looked through that many times for each idle time, and once a second at
 * least, because a peer may set a shorter time. */
#define SWEEPS 12
#define LONGEST_SWEEP_NS CLOCK_NS_PER_S

/* Memory that a connection holds with its TLS session, about. */
#define CONNECTION_BYTES ((size_t)32 << 10)

struct pool {
    struct connection_events events;
    const struct upstream_settings *settings;
    struct event_base *loop;
    struct connector *connector;
    struct event *sweep, *probe;
    struct pool_owner owner;

    LIST_HEAD(, connection) idle; /* the one used last first */
    LIST_HEAD(, connection) opening;
    struct connection *finished;     /* idle again; set while `finished` is called for it */
    size_t open, busy, being_opened; /* open: idle and busy */
    struct admission admission;
    struct memory_trim trimmed; /* by connections that were closed */
    int64_t unanswered_ns;      /* the owner's, when silent connections were last closed */

    int64_t fastest_ns; /* connect so far; 0 before the first */
    struct breaker breaker;
    struct status failure; /* of the last failed connect */
    int64_t failed_ns;     /* when that was; 0 before the first */
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
    breaker_succeeded(&pool->breaker);
    pool->owner.tried(NULL, pool->owner.context);
}

/* The next connect follows without a call as well, so that the state is the upstream's and not that
 * of the last call. */
static void set_probe(struct pool *pool)
{
    int64_t wait_ns = breaker_wait_ns(&pool->breaker, clock_now_ns());
    struct timeval wait = clock_timeval(wait_ns);
    if (pool_state(pool) == BREAKER_OPEN && wait_ns > 0)
        event_add(pool->probe, &wait);
}

static void note_failure(struct pool *pool, int64_t began_ns, const struct status *why)
{
    metric_count(pool->settings->metrics, METRIC_UPSTREAM_CONNECTS, METRIC_FAILED, 0);
    pool->failure = *why;
    pool->failed_ns = clock_now_ns();
    breaker_failed(&pool->breaker, began_ns, pool->failed_ns);
    set_probe(pool);
    pool->owner.tried(why, pool->owner.context);
}

static void on_probe(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    pool_open_for(context, 1);
    set_probe(context); /* timers may be a little early */
}

static void on_failed(struct connection *connection, const struct status *why, void *context)
{
    struct pool *pool = context;
    LIST_REMOVE(connection, place);
    pool->being_opened--;
    note_failure(pool, connection->began_ns, why);
    connection_free(connection);
}

/* A handshake that the peer refuses may look complete for a moment. */
static void note_refusal(struct pool *pool, const struct connection *connection)
{
    struct status status;
    const char *refusal = connection_refusal(connection);
    if (!refusal)
        return;
    status_set(&status, STATUS_UNAVAILABLE, "connect to %s: %s", pool->settings->url, refusal);
    note_failure(pool, connection->began_ns, &status);
}

static void drop(struct pool *pool, struct connection *connection)
{
    note_refusal(pool, connection);
    pool->open--;
    metric_add(pool->settings->metrics, METRIC_UPSTREAM_CONNECTIONS, 0, 0, -1);
    connection_free(connection);
}

static void on_ended(struct connection *connection, void *context)
{
    struct pool *pool = context;
    LIST_REMOVE(connection, place);
    drop(pool, connection);
}

void pool_close_silent(struct pool *pool)
{
    int64_t since_ns = atomic_load(pool->owner.unanswered_ns);
    if (since_ns == pool->unanswered_ns)
        return;
    pool->unanswered_ns = since_ns;
    for (struct connection *connection = LIST_FIRST(&pool->idle), *next; connection;
         connection = next) {
        next = LIST_NEXT(connection, place);
        if (connection->idle_since_ns <= since_ns)
            on_ended(connection, pool);
    }
}

static void note_unanswered(struct pool *pool, int64_t sent_ns)
{
    _Atomic int64_t *latest_ns = pool->owner.unanswered_ns;
    int64_t known_ns = atomic_load(latest_ns);
    while (sent_ns > known_ns && !atomic_compare_exchange_weak(latest_ns, &known_ns, sent_ns))
        ;
    pool_close_silent(pool);
}

static void drop_used(struct pool *pool, struct connection *connection, enum exchange_cause cause)
{
    bool is_suspect = cause == EXCHANGE_CAUSE_DEADLINE || cause == EXCHANGE_CAUSE_CONNECTION_AGE ||
                      cause == EXCHANGE_CAUSE_LOST;
    if (is_suspect && connection->was_silent)
        note_unanswered(pool, connection->taken_ns);
    drop(pool, connection);
}

/* A response that throttles or rejects comes at once, whatever other exchanges take. */
static enum exchange_ending ending_of(const struct exchange *exchange)
{
    if (exchange->cause == exchange->deadline_cause)
        return EXCHANGE_MISSED;
    bool was_served = exchange->outcome == EXCHANGE_ANSWERED && exchange->http_status != 429 &&
                      exchange->http_status != 503;
    return was_served ? EXCHANGE_RESPONDED : EXCHANGE_BROKE;
}

static void note_ended(struct pool *pool, const struct connection *connection,
                       const struct exchange *exchange)
{
    pool->busy--;
    admission_ended(&pool->admission, ending_of(exchange), exchange->stage == EXCHANGE_STAGE_HUNG,
                    connection->taken_ns, clock_now_ns());
}

void pool_abandon(struct pool *pool, struct connection *connection, const struct exchange *exchange)
{
    note_ended(pool, connection, exchange);
    drop_used(pool, connection, exchange->cause);
}

void pool_lapsed(struct pool *pool, const struct connection *connection)
{
    admission_lapsed(&pool->admission, connection->taken_ns, clock_now_ns());
}

static bool is_old(const struct pool *pool, const struct connection *connection)
{
    return clock_now_ns() - connection->opened_ns > pool->settings->connection_age_ns;
}

/* The peer may be closing an idle connection at the same moment in which a request is sent on it.
 */
static bool is_stale(const struct pool *pool, const struct connection *connection)
{
    int64_t idle_ns = clock_now_ns() - connection->idle_since_ns;
    return idle_ns > pool->settings->connection_idle_ns || idle_ns > connection->idle_limit_ns;
}

static void on_finished(struct connection *connection, struct exchange *exchange, bool reusable,
                        void *context)
{
    struct pool *pool = context;
    note_ended(pool, connection, exchange);
    if (reusable && !is_old(pool, connection)) {
        LIST_INSERT_HEAD(&pool->idle, connection, place);
        pool->finished = connection;
    } else {
        drop_used(pool, connection, exchange->cause);
    }
    pool->owner.finished(exchange, pool->owner.context);
    pool->finished = NULL;
}

void pool_wipe(struct pool *pool)
{
    outgoing_wipe(pool->events.outgoing);
}

void pool_close_finished(struct pool *pool)
{
    if (pool->finished)
        on_ended(pool->finished, pool);
    pool->finished = NULL;
}

/* Long after the burst that opened the connections, when nobody else gives memory back. */
static void give_memory_back(struct pool *pool)
{
    size_t used = pool->open * CONNECTION_BYTES;
    if (!memory_trim_is_due(&pool->trimmed, used, used))
        return;
    memory_trim_now();
    memory_trim_own();
}

static void close_stale(struct pool *pool)
{
    for (struct connection *connection = LIST_FIRST(&pool->idle), *next; connection;
         connection = next) {
        next = LIST_NEXT(connection, place);
        if (is_stale(pool, connection) || is_old(pool, connection))
            on_ended(connection, pool);
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    close_stale(context);
    give_memory_back(context);
}

bool pool_new(const struct upstream_settings *settings, struct event_base *loop,
              const struct pool_owner *owner, struct pool **pool, struct status *status)
{
    struct connector *connector;
    if (!connector_new(settings, owner->trust_store, loop, &connector, status))
        return false;
    struct pool *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct pool){
        .events = {on_opened, on_failed, on_finished, on_ended, made, settings->response_bytes,
                   outgoing_new()},
        .settings = settings,
        .loop = loop,
        .connector = connector,
        .owner = *owner,
    };
    size_t first = CONCURRENCY_LIMIT_FIRST / settings->loops;
    admission_init(&made->admission, first > 0 ? first : 1, settings->connections);
    breaker_init(&made->breaker, settings->metrics);
    made->probe = memory_expect(evtimer_new(loop, on_probe, made));
    made->sweep = memory_expect(event_new(loop, -1, EV_PERSIST, on_sweep, made));
    int64_t sweep_ns = settings->connection_idle_ns / SWEEPS;
    struct timeval pause = clock_timeval(sweep_ns < LONGEST_SWEEP_NS ? sweep_ns : LONGEST_SWEEP_NS);
    event_add(made->sweep, &pause);
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
    event_free(pool->probe);
    outgoing_free(pool->events.outgoing);
    connector_free(pool->connector);
    free(pool);
}

size_t pool_free_connections(const struct pool *pool)
{
    size_t idle = pool->open - pool->busy, room = admission_room(&pool->admission);
    return idle < room ? idle : room;
}

struct connection *pool_take(struct pool *pool)
{
    struct connection *connection;
    while (admission_room(&pool->admission) > 0 && (connection = LIST_FIRST(&pool->idle))) {
        LIST_REMOVE(connection, place);
        if (!is_stale(pool, connection) && connection_prepare(connection)) {
            pool->busy++;
            connection->taken_ns = clock_now_ns();
            admission_began(&pool->admission, connection->taken_ns);
            return connection;
        }
        drop(pool, connection);
    }
    return NULL;
}

bool pool_can_connect_within(const struct pool *pool, int64_t left_ns)
{
    return pool->open + pool->being_opened > 0 || left_ns >= pool->fastest_ns;
}

static size_t most_open(const struct pool *pool)
{
    return pool->busy + admission_room(&pool->admission);
}

void pool_open_for(struct pool *pool, size_t waiting)
{
    if (waiting > 0 && admission_room(&pool->admission) == 0)
        concurrency_limit_wanted(&pool->admission.limit);
    /* A breaker that is open lets one try, also while older ones hang. */
    while ((pool->being_opened < waiting || pool_state(pool) == BREAKER_OPEN) &&
           pool->open + pool->being_opened < most_open(pool)) {
        struct connection *connection;
        struct status status;
        int64_t now_ns = clock_now_ns();
        if (!breaker_may_try(&pool->breaker, now_ns))
            return;
        if (!connection_open(pool->connector, pool->loop, &pool->events, &connection, &status)) {
            note_failure(pool, now_ns, &status);
            return;
        }
        LIST_INSERT_HEAD(&pool->opening, connection, place);
        pool->being_opened++;
    }
}

bool pool_may_get_connection(const struct pool *pool)
{
    const struct connection *newest = LIST_FIRST(&pool->opening);
    return pool->open > 0 ||
           (newest && breaker_allows_wait(&pool->breaker, newest->began_ns, clock_now_ns()));
}

struct pool_failure pool_failure(const struct pool *pool)
{
    return (struct pool_failure){&pool->failure, pool->failed_ns,
                                 breaker_wait_ns(&pool->breaker, clock_now_ns())};
}

enum breaker_state pool_state(const struct pool *pool)
{
    return breaker_state(&pool->breaker);
}

const struct admission *pool_admission(const struct pool *pool)
{
    return &pool->admission;
}

int64_t pool_wait_ns(const struct pool *pool, size_t waiting, int64_t now_ns)
{
    bool is_closed = pool_state(pool) == BREAKER_CLOSED;
    size_t usable = admission_usable(&pool->admission);
    return admission_wait_ns(&pool->admission, waiting, is_closed ? usable : pool->open, now_ns);
}
