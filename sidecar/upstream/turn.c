/* SPDX-License-Identifier: MIT */
#include "upstream/turn.h"

#include "base/clock.h"
#include "upstream/ending.h"
#include "upstream/lease.h"
#include "upstream/stage.h"

#include "base/banned.h"

/* A commit arrives within microseconds, unless its caller does not read. It then keeps no
 * connection from others. */
#define LATE_COMMIT_NS (100 * CLOCK_NS_PER_MS)

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct exchange *exchange = context;
    ending_early(exchange, exchange->deadline_cause);
}

static void watch_deadline(struct exchange *exchange, int64_t left_ns)
{
    struct timeval after = clock_timeval(left_ns);
    evtimer_assign(&exchange->timer, exchange->loop->thread.loop, on_deadline, exchange);
    event_add(&exchange->timer, &after);
}

/* False when the deadline leaves less time than a connection ever took, and there is none; the
 * exchange has ended then. The connection is opened all the same: calls that follow may use it, and
 * it shows how long a connect takes by now. */
static bool can_connect(struct exchange *exchange, int64_t left_ns)
{
    struct upstream_loop *loop = exchange->loop;
    if (pool_can_connect_within(loop->pool, left_ns))
        return true;
    pool_open_for(loop->pool, loop->counts[EXCHANGE_STAGE_WAITING] + 1);
    ending_unsent(exchange, EXCHANGE_CAUSE_DEADLINE,
                  "the deadline leaves less time than a connection ever took: the call ended");
    return false;
}

static bool has_time(struct exchange *exchange, int64_t left_ns)
{
    if (left_ns > 0)
        return true;
    ending_unsent(exchange, exchange->deadline_cause, NULL);
    return false;
}

/* False when the exchange would not be served before its deadline; it has ended then. */
static bool is_in_time(struct exchange *exchange, int64_t left_ns)
{
    const struct upstream_loop *loop = exchange->loop;
    int64_t wait_ns =
        pool_wait_ns(loop->pool, loop->counts[EXCHANGE_STAGE_WAITING], exchange->queued_ns);
    if (admission_is_in_time(pool_admission(loop->pool), wait_ns, left_ns))
        return true;
    ending_overloaded(exchange, wait_ns, left_ns);
    return false;
}

void turn_wait(struct exchange *exchange)
{
    exchange->queued_ns = clock_now_ns();
    if (exchange->arrived_ns == 0)
        exchange->arrived_ns = exchange->queued_ns;
    int64_t left_ns = exchange->deadline_ns - exchange->queued_ns;
    if (!can_connect(exchange, left_ns) || !has_time(exchange, left_ns) ||
        !is_in_time(exchange, left_ns))
        return;
    stage_enter(exchange, EXCHANGE_STAGE_WAITING);
    watch_deadline(exchange, left_ns);
}

void turn_ready(struct exchange *exchange)
{
    int64_t left_ns = exchange->deadline_ns - clock_now_ns();
    if (!has_time(exchange, left_ns))
        return;
    stage_enter(exchange, EXCHANGE_STAGE_READY);
    watch_deadline(exchange, left_ns);
}

void turn_committed(struct exchange *exchange)
{
    if (exchange->stage != EXCHANGE_STAGE_COMMITTING)
        return;
    exchange->commit = NULL;
    if (exchange->withdrawn)
        ending_early(exchange, EXCHANGE_CAUSE_CANCELLED);
    else
        stage_enter(exchange, EXCHANGE_STAGE_READY);
}

static void watch_commits(struct upstream_loop *loop)
{
    struct timeval late = clock_timeval(LATE_COMMIT_NS);
    if (loop->slots > 0 && !evtimer_pending(loop->late_commits, NULL))
        event_add(loop->late_commits, &late);
}

/* Takes the slots of commits that are late. */
static void on_late_commits(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct upstream_loop *loop = context;
    struct exchange *exchange;
    int64_t late_ns = clock_now_ns() - LATE_COMMIT_NS;
    TAILQ_FOREACH(exchange, &loop->stages[EXCHANGE_STAGE_COMMITTING], place)
    if (exchange->holds_slot && exchange->committing_ns <= late_ns) {
        exchange->holds_slot = false;
        loop->slots--;
    }
    watch_commits(loop);
}

static void commit(struct exchange *exchange)
{
    struct upstream_loop *loop = exchange->loop;
    stage_enter(exchange, EXCHANGE_STAGE_COMMITTING);
    exchange->committing_ns = clock_now_ns();
    if (!exchange->commit(exchange))
        return;
    exchange->holds_slot = true;
    loop->slots++;
    watch_commits(loop);
}

static void begin(struct exchange *exchange, struct connection *connection)
{
    leases_watch(exchange->loop);
    stage_enter(exchange, EXCHANGE_STAGE_RUNNING);
    connection_begin(connection, exchange);
}

/* The oldest of the caller whose turn it is; while the upstream stalls the newest one, because it
 * has most time left when it is unknown which exchanges hang. */
static struct exchange *next_waiting(struct upstream_loop *loop, int64_t now_ns)
{
    const struct concurrency_limit *limit = &pool_admission(loop->pool)->limit;
    return concurrency_limit_prefers_newest(limit, now_ns) ? queue_newest(&loop->waiting)
                                                           : queue_oldest(&loop->waiting);
}

/*
 * Sheds waiting exchanges that have less time left than an exchange takes: each would most probably
 * end with an unknown outcome, and those behind it would have waited for that. The last one stays,
 * because one exchange has to show how long it takes by now. Returns the one that may begin, or
 * NULL.
 */
static struct exchange *first_in_time(struct upstream_loop *loop)
{
    const size_t *waiting = &loop->counts[EXCHANGE_STAGE_WAITING];
    int64_t now_ns = clock_now_ns();
    struct exchange *exchange;
    while ((exchange = next_waiting(loop, now_ns))) {
        int64_t left_ns = exchange->deadline_ns - now_ns;
        if (left_ns <= 0)
            ending_unsent(exchange, exchange->deadline_cause, NULL);
        else if (*waiting == 1 || admission_has_time(pool_admission(loop->pool), left_ns))
            break;
        else
            ending_overloaded(exchange, pool_wait_ns(loop->pool, *waiting - 1, now_ns), left_ns);
    }
    return exchange;
}

static bool start_ready(struct upstream_loop *loop)
{
    struct exchange *exchange;
    struct connection *connection;
    while ((exchange = stage_first(loop, EXCHANGE_STAGE_READY))) {
        if (!(connection = pool_take(loop->pool)))
            return false;
        begin(exchange, connection);
    }
    return true;
}

/* True when it has left the queue. */
static bool start_in_turn(struct exchange *exchange)
{
    if (exchange->commit) {
        commit(exchange);
        return true;
    }
    struct connection *connection = pool_take(exchange->loop->pool);
    if (connection)
        begin(exchange, connection);
    return connection;
}

static void start_waiting(struct upstream_loop *loop)
{
    struct exchange *exchange;
    while (loop->counts[EXCHANGE_STAGE_WAITING] > 0 &&
           pool_free_connections(loop->pool) > loop->slots)
        if (!(exchange = first_in_time(loop)) || !start_in_turn(exchange))
            return;
}

/* A call that comes while others wait takes its place behind them. */
static void grant_reservations(struct upstream_loop *loop, size_t waiting)
{
    size_t available = waiting > 0 ? 0 : pool_free_connections(loop->pool);
    size_t kept = available < loop->slots ? available : loop->slots;
    atomic_store_explicit(&loop->granted, loop->arrived + available - kept, memory_order_release);
}

void turns_start(struct upstream_loop *loop)
{
    if (start_ready(loop))
        start_waiting(loop);
    size_t waiting = loop->counts[EXCHANGE_STAGE_WAITING] + loop->counts[EXCHANGE_STAGE_READY];
    grant_reservations(loop, waiting);
    if (waiting == 0)
        return;
    pool_open_for(loop->pool, waiting);
    if (!pool_may_get_connection(loop->pool))
        ending_unreachable(loop);
}

bool turns_init(struct upstream_loop *loop)
{
    for (size_t i = 0; i < EXCHANGE_STAGE_COUNT; i++)
        TAILQ_INIT(&loop->stages[i]);
    queue_init(&loop->waiting);
    atomic_init(&loop->granted, 0);
    loop->late_commits = evtimer_new(loop->thread.loop, on_late_commits, loop);
    return loop->late_commits && leases_init(loop);
}

void turns_clear(struct upstream_loop *loop)
{
    if (loop->late_commits)
        event_free(loop->late_commits);
    leases_clear(loop);
    queue_clear(&loop->waiting);
}
