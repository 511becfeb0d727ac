/* SPDX-License-Identifier: MIT */
#include "upstream/loop.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>

#include "base/clock.h"
#include "base/memory.h"

#include "base/banned.h"

/* A wait is taken to be longer than foreseen by one part of so many: who is let in is served. */
#define MARGIN 4

static void take_from_waiting(struct exchange *exchange)
{
    TAILQ_REMOVE(&exchange->loop->waiting, exchange, place);
    exchange->loop->waiting_count--;
}

/* Its facts are set and it is on no list any more. */
static void tell_owner(struct exchange *exchange)
{
    if (event_initialized(&exchange->timer))
        event_del(&exchange->timer);
    exchange->under_way = false;
    exchange->ended_ns = clock_now_ns();
    if (exchange->started_ns)
        pool_learn(exchange->loop->pool, exchange);
    exchange->done(exchange);
}

static void on_finished(struct exchange *exchange, void *context)
{
    struct upstream_loop *loop = context;
    TAILQ_REMOVE(&loop->running, exchange, place);
    tell_owner(exchange);
}

static void on_tried(const struct status *failure, void *context)
{
    const struct upstream_loop *loop = context;
    reach_note(loop->reach, failure);
}

static const struct {
    enum status_code code;
    const char *sentence;
} endings[] = {
    [EXCHANGE_CAUSE_DEADLINE] = {STATUS_DEADLINE_EXCEEDED, "the deadline passed"},
    [EXCHANGE_CAUSE_CANCELLED] = {STATUS_CANCELLED, "the caller cancelled"},
    [EXCHANGE_CAUSE_STOPPED] = {STATUS_UNAVAILABLE, "the sidecar is stopping"},
};

/* Ends an exchange that is on no list. */
static void end_unsent(struct exchange *exchange, enum exchange_cause cause, const char *sentence)
{
    exchange->outcome = EXCHANGE_NOT_SENT;
    exchange->cause = cause;
    status_set(&exchange->status, endings[cause].code, "%s before anything was sent", sentence);
    tell_owner(exchange);
}

static void end_running(struct exchange *exchange, enum exchange_cause cause)
{
    struct upstream_loop *loop = exchange->loop;
    struct connection *connection = exchange->connection;
    exchange->cause = cause;
    status_set(&exchange->status, endings[cause].code, "%s while the upstream had the request",
               endings[cause].sentence);
    TAILQ_REMOVE(&loop->running, exchange, place);
    connection_abandon(connection);
    pool_abandon(loop->pool, connection);
    tell_owner(exchange);
}

/* Ends an exchange for a reason that is not the connection's. */
static void end_early(struct exchange *exchange, enum exchange_cause cause)
{
    if (exchange->connection) {
        end_running(exchange, cause);
        return;
    }
    if (exchange->resting)
        TAILQ_REMOVE(&exchange->loop->resting, exchange, place);
    else
        take_from_waiting(exchange);
    end_unsent(exchange, cause, endings[cause].sentence);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    end_early(context, EXCHANGE_CAUSE_DEADLINE);
}

static void set_timer(struct exchange *exchange, int64_t after_ns, event_callback_fn fire)
{
    if (after_ns < 0)
        after_ns = 0;
    struct timeval after = clock_timeval(after_ns);
    evtimer_assign(&exchange->timer, exchange->loop->base, fire, exchange);
    event_add(&exchange->timer, &after);
}

/* Ends an exchange that is on no list. */
static void turn_away(struct exchange *exchange, int64_t wait_ns, int64_t left_ns)
{
    const struct upstream_loop *loop = exchange->loop;
    exchange->outcome = EXCHANGE_NOT_SENT;
    exchange->cause = EXCHANGE_CAUSE_OVERLOADED;
    exchange->stay_away_ns = wait_ns;
    status_set(
        &exchange->status, STATUS_RESOURCE_EXHAUSTED,
        "the upstream is too slow for the calls that wait for it: the turn of this one comes "
        "in about %" PRId64 " ms and takes up to %" PRId64 " ms, but its deadline is in "
        "%" PRId64 " ms; more --upstream-connections than %zu, or fewer calls, may help",
        wait_ns / CLOCK_NS_PER_MS, pool_exchange_ns(loop->pool) / CLOCK_NS_PER_MS,
        left_ns / CLOCK_NS_PER_MS, loop->most_connections);
    tell_owner(exchange);
}

static void wait_for_connection(struct exchange *exchange)
{
    exchange->resting = false;
    exchange->queued_ns = clock_now_ns();
    struct upstream_loop *loop = exchange->loop;
    int64_t left_ns = exchange->deadline_ns - exchange->queued_ns;
    if (!pool_is_in_time(loop->pool, left_ns)) {
        /* The connection that it cannot wait for is opened all the same: calls that follow may have
         * use of it, and it shows how long that takes by now. */
        pool_open_for(loop->pool, loop->waiting_count + 1);
        end_unsent(exchange, EXCHANGE_CAUSE_DEADLINE,
                   "the deadline leaves less time than a connection ever took: the call ended");
        return;
    }
    if (left_ns <= 0) {
        end_unsent(exchange, EXCHANGE_CAUSE_DEADLINE, endings[EXCHANGE_CAUSE_DEADLINE].sentence);
        return;
    }
    int64_t wait_ns = pool_wait_ns(loop->pool, loop->waiting_count, exchange->queued_ns);
    if (wait_ns > 0 && wait_ns + wait_ns / MARGIN + pool_exchange_ns(loop->pool) > left_ns) {
        turn_away(exchange, wait_ns, left_ns);
        return;
    }
    TAILQ_INSERT_TAIL(&loop->waiting, exchange, place);
    loop->waiting_count++;
    set_timer(exchange, left_ns, on_deadline);
}

static void on_rested(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct exchange *exchange = context;
    TAILQ_REMOVE(&exchange->loop->resting, exchange, place);
    wait_for_connection(exchange);
}

static void on_submitted(struct inbox_letter *letter)
{
    struct exchange *exchange = container_of(letter, struct exchange, submitted);
    exchange->under_way = true;
    if (exchange->loop->ended) {
        end_unsent(exchange, EXCHANGE_CAUSE_STOPPED, endings[EXCHANGE_CAUSE_STOPPED].sentence);
    } else if (exchange->cancel_wanted) {
        end_unsent(exchange, EXCHANGE_CAUSE_CANCELLED, endings[EXCHANGE_CAUSE_CANCELLED].sentence);
    } else if (exchange->rest_ns > 0) {
        exchange->resting = true;
        TAILQ_INSERT_TAIL(&exchange->loop->resting, exchange, place);
        set_timer(exchange, exchange->rest_ns, on_rested);
    } else {
        wait_for_connection(exchange);
    }
}

static void on_cancelled(struct inbox_letter *letter)
{
    struct exchange *exchange = container_of(letter, struct exchange, cancelled);
    exchange->cancel_wanted = true;
    if (exchange->under_way)
        end_early(exchange, EXCHANGE_CAUSE_CANCELLED);
    exchange->released(exchange);
}

static void on_end_all(struct inbox_letter *letter)
{
    struct upstream_loop *loop = container_of(letter, struct upstream_loop, end_all);
    loop->ended = true;
    while (!TAILQ_EMPTY(&loop->resting))
        end_early(TAILQ_FIRST(&loop->resting), EXCHANGE_CAUSE_STOPPED);
    while (!TAILQ_EMPTY(&loop->waiting))
        end_early(TAILQ_FIRST(&loop->waiting), EXCHANGE_CAUSE_STOPPED);
    while (!TAILQ_EMPTY(&loop->running))
        end_early(TAILQ_FIRST(&loop->running), EXCHANGE_CAUSE_STOPPED);
    sem_post(&loop->all_ended);
}

static void on_stop(struct inbox_letter *letter)
{
    container_of(letter, struct upstream_loop, stop)->stopping = true;
}

static void give_up_waiting(struct upstream_loop *loop)
{
    struct pool_failure failure = pool_failure(loop->pool);
    while (!TAILQ_EMPTY(&loop->waiting)) {
        struct exchange *exchange = TAILQ_FIRST(&loop->waiting);
        take_from_waiting(exchange);
        exchange->outcome = EXCHANGE_NOT_SENT;
        exchange->stay_away_ns = failure.wait_ns;
        exchange->status = *failure.status;
        exchange->cause = EXCHANGE_CAUSE_CONNECT;
        if (exchange->queued_ns > failure.at_ns) {
            exchange->cause = EXCHANGE_CAUSE_BREAKER;
            status_prepend(&exchange->status, "connections are not tried for a moment");
        }
        tell_owner(exchange);
    }
}

/*
 * Of those that wait. One that begins with less time than an exchange takes would most probably end
 * with an unknown outcome, and those behind it would have waited for that. The last one stays:
 * whatever was expected, there must be a next exchange to tell.
 */
static void turn_late_away(struct upstream_loop *loop)
{
    int64_t now_ns = clock_now_ns();
    while (loop->waiting_count > 1) {
        struct exchange *exchange = TAILQ_FIRST(&loop->waiting);
        int64_t left_ns = exchange->deadline_ns - now_ns;
        if (left_ns <= 0 || left_ns >= pool_usual_ns(loop->pool))
            return;
        take_from_waiting(exchange);
        turn_away(exchange, pool_wait_ns(loop->pool, loop->waiting_count, now_ns), left_ns);
    }
}

/*
 * Once a round, after all that the round brought was dealt with: a connection that has ended is
 * then known to have ended, and as many exchanges start as connections are free.
 */
static void start_waiting(struct upstream_loop *loop)
{
    struct connection *connection;
    while (!TAILQ_EMPTY(&loop->waiting) && (connection = pool_take(loop->pool))) {
        if (loop->waiting_count > 1)
            turn_late_away(loop);
        struct exchange *exchange = TAILQ_FIRST(&loop->waiting);
        take_from_waiting(exchange);
        TAILQ_INSERT_TAIL(&loop->running, exchange, place);
        connection_begin(connection, exchange);
    }
    if (TAILQ_EMPTY(&loop->waiting))
        return;
    pool_open_for(loop->pool, loop->waiting_count);
    if (!pool_has_hope(loop->pool))
        give_up_waiting(loop);
}

static void *loop_run(void *context)
{
    struct upstream_loop *loop = context;
    while (!loop->stopping) {
        event_base_loop(loop->base, EVLOOP_ONCE);
        start_waiting(loop);
    }
    return NULL;
}

/* All of the loop but its thread. */
static bool prepare(struct upstream_loop *loop, const struct upstream_settings *settings,
                    struct status *status)
{
    struct event_config *config = memory_expect(event_config_new());
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    TAILQ_INIT(&loop->resting);
    TAILQ_INIT(&loop->waiting);
    TAILQ_INIT(&loop->running);
    loop->most_connections = settings->connections;
    sem_init(&loop->all_ended, 0, 0);
    loop->end_all.open = on_end_all;
    loop->stop.open = on_stop;
    if (!loop->base || !inbox_init(&loop->inbox, loop->base))
        return status_fail(status, STATUS_INTERNAL, "open an upstream loop: %m");
    const struct pool_events events = {on_finished, on_tried, loop};
    return pool_new(settings, loop->base, &events, &loop->pool, status);
}

/* Signals are for the main thread. */
static bool start(struct upstream_loop *loop, struct status *status)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(&loop->thread, NULL, loop_run, loop);
    loop->started = errno == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!loop->started)
        return status_fail(status, STATUS_INTERNAL, "start an upstream thread: %m");
    pthread_setname_np(loop->thread, "upstream");
    return true;
}

bool loop_open(struct upstream_loop *loop, const struct upstream_settings *settings,
               struct reach *reach, struct status *status)
{
    loop->reach = reach;
    return prepare(loop, settings, status) && start(loop, status);
}

void loop_close(struct upstream_loop *loop)
{
    if (loop->started) {
        inbox_post(&loop->inbox, &loop->stop);
        pthread_join(loop->thread, NULL);
    }
    assert(TAILQ_EMPTY(&loop->resting) && TAILQ_EMPTY(&loop->waiting) &&
           TAILQ_EMPTY(&loop->running));
    pool_free(loop->pool);
    sem_destroy(&loop->all_ended);
    inbox_clear(&loop->inbox);
    if (loop->base)
        event_base_free(loop->base);
}

void loop_send(struct exchange *exchange)
{
    exchange->submitted.open = on_submitted;
    exchange->cancelled.open = on_cancelled;
    exchange->cause = EXCHANGE_CAUSE_NONE;
    exchange->sent_bytes = 0;
    exchange->http_status = 0;
    exchange->stay_away_ns = 0;
    exchange->answer = (struct http_answer){0};
    exchange->started_ns = 0;
    exchange->queued_ns = clock_now_ns();
    status_clear(&exchange->status);
    inbox_post(&exchange->loop->inbox, &exchange->submitted);
}

void loop_cancel(struct exchange *exchange)
{
    inbox_post(&exchange->loop->inbox, &exchange->cancelled);
}

void loop_end_all(struct upstream_loop *loop)
{
    inbox_post(&loop->inbox, &loop->end_all);
}

void loop_wait_ended(struct upstream_loop *loop)
{
    while (sem_wait(&loop->all_ended) != 0)
        ;
}
