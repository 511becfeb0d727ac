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

#define SETTLING_NS (500 * CLOCK_NS_PER_MS)

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

static bool has_time(struct exchange *exchange, int64_t left_ns)
{
    if (left_ns > 0)
        return true;
    ending_unsent(exchange, exchange->deadline_cause);
    return false;
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
    ending_hurried(exchange);
    return false;
}

/* For a moment after the rate was lowered it is not known well: responses to requests that left
 * before are still coming. Relaxed, as rate_gate.h says. */
static int64_t unsettled_ns(const struct upstream_loop *loop)
{
    int64_t lowered_ns = atomic_load_explicit(&loop->rate->lowered_ns, memory_order_relaxed);
    int64_t left_ns = lowered_ns + SETTLING_NS - clock_now_ns();
    return lowered_ns > 0 && left_ns > 0 ? left_ns : 0;
}

/* False when the rate would not let an exchange go before its deadline that is sent after `before`
 * others; it has ended then. */
static bool rate_is_in_time(struct exchange *exchange, size_t before, int64_t left_ns)
{
    int64_t wait_ns = rate_gate_wait_ns(exchange->loop->rate, before);
    const struct admission *admission = pool_admission(exchange->loop->pool);
    if (wait_ns == 0 || unsettled_ns(exchange->loop) > 0 ||
        admission_has_time(admission, left_ns - wait_ns))
        return true;
    ending_throttled(exchange, wait_ns, left_ns);
    return false;
}

/* False when the exchange would not be served before its deadline; it has ended then. */
static bool is_in_time(struct exchange *exchange, size_t before, int64_t left_ns)
{
    struct upstream_loop *loop = exchange->loop;
    int64_t wait_ns = pool_wait_ns(loop->pool, before, exchange->queued_ns);
    if (admission_is_in_time(pool_admission(loop->pool), wait_ns, left_ns))
        return true;
    ending_overloaded(exchange, wait_ns, left_ns);
    return false;
}

/* An exchange that was throttled before was already checked against the rate. */
static bool turn_comes_in_time(struct exchange *exchange, int64_t left_ns)
{
    struct upstream_loop *loop = exchange->loop;
    size_t before = queue_before(&loop->waiting, exchange);
    return is_in_time(exchange, before, left_ns) &&
           rate_is_in_time(exchange, exchange->was_throttled ? 0 : before * loop->count, left_ns);
}

void turn_wait(struct exchange *exchange)
{
    exchange->queued_ns = clock_now_ns();
    if (exchange->arrived_ns == 0)
        exchange->arrived_ns = exchange->queued_ns;
    int64_t left_ns = exchange->deadline_ns - exchange->queued_ns;
    if (!has_time(exchange, left_ns) || !can_connect(exchange, left_ns) ||
        !turn_comes_in_time(exchange, left_ns))
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

static void shed(struct exchange *exchange, int64_t wait_ns, int64_t left_ns)
{
    int64_t rate_ns = rate_gate_wait_ns(exchange->loop->rate, 0);
    if (rate_ns > wait_ns)
        ending_throttled(exchange, rate_ns, left_ns);
    else
        ending_overloaded(exchange, wait_ns, left_ns);
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
            ending_unsent(exchange, exchange->deadline_cause);
        else if (*waiting == 1 || admission_has_time(pool_admission(loop->pool), left_ns))
            break;
        else
            shed(exchange, pool_wait_ns(loop->pool, *waiting - 1, now_ns), left_ns);
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

/* Takes the exchange's token of the rate; false when it has to wait for that. */
static bool take_token(struct exchange *exchange)
{
    exchange->holds_token = exchange->holds_token || rate_gate_take(exchange->loop->rate);
    return exchange->holds_token;
}

/* The rate has been lowered: those that wait and would be sent too late by now are refused. */
static void sweep(struct upstream_loop *loop)
{
    struct exchange_list all = TAILQ_HEAD_INITIALIZER(all);
    struct exchange *exchange;
    int64_t now_ns = clock_now_ns();
    size_t before = 0;
    while ((exchange = queue_oldest(&loop->waiting))) {
        queue_remove(&loop->waiting, exchange);
        TAILQ_INSERT_TAIL(&all, exchange, place);
    }
    while ((exchange = TAILQ_FIRST(&all))) {
        TAILQ_REMOVE(&all, exchange, place);
        queue_add(&loop->waiting, exchange);
        before += rate_is_in_time(exchange, before * loop->count, exchange->deadline_ns - now_ns);
    }
}

/* Relaxed: a change that is read late is swept in the next turn. */
static void sweep_when_lowered(struct upstream_loop *loop)
{
    int64_t lowered_ns = atomic_load_explicit(&loop->rate->lowered_ns, memory_order_relaxed);
    if (loop->swept_ns == lowered_ns || unsettled_ns(loop) > 0)
        return;
    loop->swept_ns = lowered_ns;
    sweep(loop);
}

static void on_next_token(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context; /* turns_start follows */
}

static void watch_rate(struct upstream_loop *loop)
{
    int64_t wait_ns = rate_gate_wait_ns(loop->rate, 0), settled_ns = unsettled_ns(loop);
    if (settled_ns > 0 && settled_ns < wait_ns)
        wait_ns = settled_ns;
    struct timeval after = clock_timeval(wait_ns < CLOCK_NS_PER_MS ? CLOCK_NS_PER_MS : wait_ns);
    event_add(loop->next_token, &after);
}

/* False when the first of those that wait has to wait for the rate alone. */
static bool start_waiting(struct upstream_loop *loop)
{
    struct exchange *exchange;
    while (loop->counts[EXCHANGE_STAGE_WAITING] > 0 &&
           pool_free_connections(loop->pool) > loop->slots) {
        if (!(exchange = first_in_time(loop)))
            return true;
        if (!take_token(exchange))
            return false;
        if (!start_in_turn(exchange))
            return true;
    }
    return true;
}

/* A call that comes while others wait takes its place behind them. */
static void grant_reservations(struct upstream_loop *loop, size_t waiting)
{
    bool has_to_wait = waiting > 0 || rate_gate_limits(loop->rate);
    size_t available = has_to_wait ? 0 : pool_free_connections(loop->pool);
    size_t kept = available < loop->slots ? available : loop->slots;
    atomic_store_explicit(&loop->granted, loop->arrived + available - kept, memory_order_release);
}

/* For the metrics' page alone, hence relaxed. */
static void publish(struct upstream_loop *loop)
{
    const struct admission *admission = pool_admission(loop->pool);
    atomic_store_explicit(&loop->limit, admission->limit.now, memory_order_relaxed);
    atomic_store_explicit(&loop->hung, admission->hung, memory_order_relaxed);
    atomic_store_explicit(&loop->times_lowered, admission->limit.times_lowered,
                          memory_order_relaxed);
}

void turns_start(struct upstream_loop *loop)
{
    sweep_when_lowered(loop);
    pool_close_silent(loop->pool);
    bool waits_for_rate = start_ready(loop) && !start_waiting(loop);
    size_t waiting = loop->counts[EXCHANGE_STAGE_WAITING] + loop->counts[EXCHANGE_STAGE_READY];
    grant_reservations(loop, waiting);
    publish(loop);
    if (waiting == 0)
        return;
    if (waits_for_rate) {
        watch_rate(loop);
        return;
    }
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
    loop->next_token = evtimer_new(loop->thread.loop, on_next_token, loop);
    return loop->late_commits && loop->next_token && leases_init(loop);
}

void turns_clear(struct upstream_loop *loop)
{
    if (loop->late_commits)
        event_free(loop->late_commits);
    if (loop->next_token)
        event_free(loop->next_token);
    leases_clear(loop);
    queue_clear(&loop->waiting);
}
