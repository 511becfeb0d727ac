/* SPDX-License-Identifier: MIT */
#include "upstream/loop.h"

#include <assert.h>

#include "base/clock.h"
#include "base/memory.h"
#include "upstream/ending.h"
#include "upstream/stage.h"
#include "upstream/turn.h"

#include "base/banned.h"

static void on_finished(struct exchange *exchange, void *context)
{
    (void)context;
    ending_report(exchange);
}

static void on_tried(const struct status *failure, void *context)
{
    const struct upstream_loop *loop = context;
    connect_status_note(loop->connect_status, failure);
}

static void on_delay_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct exchange *exchange = context;
    stage_leave(exchange);
    turn_wait(exchange);
}

static void delay(struct exchange *exchange)
{
    struct timeval after = clock_timeval(exchange->delay_ns);
    stage_enter(exchange, EXCHANGE_STAGE_DELAYED);
    evtimer_assign(&exchange->timer, exchange->loop->thread.loop, on_delay_over, exchange);
    event_add(&exchange->timer, &after);
}

static void on_submitted(struct task *task)
{
    struct exchange *exchange = container_of(task, struct exchange, submitted);
    bool is_ready = exchange->reserved;
    exchange->reserved = false;
    exchange->loop->arrived += is_ready;
    if (exchange->loop->ended)
        ending_unsent(exchange, EXCHANGE_CAUSE_STOPPED);
    else if (exchange->cancel_wanted || exchange->withdrawn)
        ending_unsent(exchange, EXCHANGE_CAUSE_CANCELLED);
    else if (exchange->delay_ns > 0)
        delay(exchange);
    else if (is_ready)
        turn_ready(exchange);
    else
        turn_wait(exchange);
}

static void on_committed(struct task *task)
{
    struct exchange *exchange = container_of(task, struct exchange, committed);
    turn_committed(exchange);
    exchange->released(exchange);
}

static void on_cancelled(struct task *task)
{
    struct exchange *exchange = container_of(task, struct exchange, cancelled);
    exchange->cancel_wanted = true;
    if (exchange->stage != EXCHANGE_STAGE_NONE)
        ending_early(exchange, EXCHANGE_CAUSE_CANCELLED);
    exchange->released(exchange);
}

static void on_end_all(struct task *task)
{
    struct upstream_loop *loop = container_of(task, struct upstream_loop, end_all);
    struct exchange *exchange;
    loop->ended = true;
    for (enum exchange_stage stage = 0; stage < EXCHANGE_STAGE_COUNT; stage++)
        while ((exchange = stage_first(loop, stage)))
            ending_early(exchange, EXCHANGE_CAUSE_STOPPED);
    sem_post(&loop->all_ended);
}

static void after_events(void *context)
{
    struct upstream_loop *loop = context;
    turns_start(loop);
    pool_wipe(loop->pool);
}

/* All of the loop but its thread. */
static bool prepare(struct upstream_loop *loop, const struct upstream_settings *settings,
                    struct loop_shared *shared, struct status *status)
{
    if (!event_thread_prepare(&loop->thread, status))
        return false;
    loop->most_connections = settings->connections;
    loop->count = settings->loops;
    sem_init(&loop->all_ended, 0, 0);
    loop->end_all.run = on_end_all;
    if (!turns_init(loop))
        return status_fail(status, STATUS_INTERNAL, "open an upstream loop: %m");
    const struct pool_owner owner = {on_finished, on_tried, loop, shared->trust_store,
                                     &shared->unanswered_ns};
    return pool_new(settings, loop->thread.loop, &owner, &loop->pool, status);
}

bool loop_open(struct upstream_loop *loop, size_t number, const struct upstream_settings *settings,
               struct loop_shared *shared, struct status *status)
{
    const struct event_thread_work work = {.name = settings->name ? settings->name : "upstream",
                                           .number = number,
                                           .after_events = after_events,
                                           .context = loop,
                                           .watchdog = settings->watchdog};
    loop->connect_status = &shared->connect_status;
    loop->rate = &shared->rate;
    return prepare(loop, settings, shared, status) &&
           event_thread_start(&loop->thread, &work, status);
}

void loop_close(struct upstream_loop *loop)
{
    event_thread_stop(&loop->thread);
    for (enum exchange_stage stage = 0; loop->thread.loop && stage < EXCHANGE_STAGE_COUNT; stage++)
        assert(!stage_first(loop, stage));
    pool_free(loop->pool);
    turns_clear(loop);
    sem_destroy(&loop->all_ended);
    event_thread_clear(&loop->thread);
}

void loop_adopt(struct upstream_loop *loop, struct exchange *exchange)
{
    exchange->loop = loop;
    exchange->submitted.run = on_submitted;
    exchange->cancelled.run = on_cancelled;
    exchange->committed.run = on_committed;
}

bool loop_reserve(struct exchange *exchange)
{
    struct upstream_loop *loop = exchange->loop;
    /* More may be reserved than is granted by now, because connections end. */
    size_t granted = atomic_load_explicit(&loop->granted, memory_order_acquire);
    if ((ptrdiff_t)(granted - loop->reserved) <= 0)
        return false;
    loop->reserved++;
    exchange->reserved = true;
    return true;
}

void loop_committed(struct exchange *exchange)
{
    task_queue_post(&exchange->loop->thread.tasks, &exchange->committed);
}

void loop_send(struct exchange *exchange)
{
    exchange->cause = EXCHANGE_CAUSE_NONE;
    exchange->sent_bytes = 0;
    exchange->http_status = 0;
    exchange->local_retry_ns = 0;
    exchange->response = (struct http_response){0};
    exchange->started_ns = 0;
    exchange->queued_ns = clock_now_ns();
    status_clear(&exchange->status);
    task_queue_post(&exchange->loop->thread.tasks, &exchange->submitted);
}

void loop_cancel(struct exchange *exchange)
{
    task_queue_post(&exchange->loop->thread.tasks, &exchange->cancelled);
}

void loop_end_all(struct upstream_loop *loop)
{
    task_queue_post(&loop->thread.tasks, &loop->end_all);
}

void loop_wait_ended(struct upstream_loop *loop)
{
    while (sem_wait(&loop->all_ended) != 0)
        ;
}
