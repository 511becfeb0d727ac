/* SPDX-License-Identifier: MIT */
#include "system/watchdog.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "system/memory_trim.h"

#include "base/banned.h"

/* A thread whose ping is unanswered for this number of rounds is stuck. */
#define STUCK_ROUNDS 5

struct watchdog {
    struct event *timer;
    void (*run)(void *context);           /* NULL: nothing */
    void *context;                        /* of run */
    TAILQ_HEAD(, watched_thread) threads; /* in the order in which they were registered */
};

static void ping(struct watched_thread *thread)
{
    if (atomic_load_explicit(&thread->awaits_pong, memory_order_acquire)) {
        thread->missed_rounds++;
        return;
    }
    thread->missed_rounds = 0;
    atomic_store(&thread->awaits_pong, true);
    thread->ping(thread);
}

static void on_round(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct watchdog *watchdog = context;
    struct watched_thread *thread;
    TAILQ_FOREACH(thread, &watchdog->threads, place)
    ping(thread);
    if (watchdog->run)
        watchdog->run(watchdog->context);
}

void watchdog_on_round(struct watchdog *watchdog, void (*run)(void *context), void *context)
{
    watchdog->run = run;
    watchdog->context = context;
}

struct watchdog *watchdog_new(struct event_base *loop, int64_t round_ns)
{
    struct watchdog *watchdog = memory_expect(calloc(1, sizeof *watchdog));
    TAILQ_INIT(&watchdog->threads);
    watchdog->timer = memory_expect(event_new(loop, -1, EV_PERSIST, on_round, watchdog));
    struct timeval round = clock_timeval(round_ns);
    event_add(watchdog->timer, &round);
    return watchdog;
}

void watchdog_free(struct watchdog *watchdog)
{
    if (!watchdog)
        return;
    assert(TAILQ_EMPTY(&watchdog->threads));
    event_free(watchdog->timer);
    free(watchdog);
}

void watchdog_add(struct watchdog *watchdog, struct watched_thread *thread)
{
    if (!watchdog)
        return;
    thread->watchdog = watchdog;
    TAILQ_INSERT_TAIL(&watchdog->threads, thread, place);
}

void watchdog_remove(struct watched_thread *thread)
{
    if (!thread->watchdog)
        return;
    TAILQ_REMOVE(&thread->watchdog->threads, thread, place);
    thread->watchdog = NULL;
}

void watchdog_trim_memory(struct watchdog *watchdog)
{
    struct watched_thread *thread;
    if (!watchdog)
        return;
    TAILQ_FOREACH(thread, &watchdog->threads, place)
    atomic_store(&thread->shall_trim, true);
}

void watchdog_pong(struct watched_thread *thread)
{
    if (atomic_exchange(&thread->shall_trim, false))
        memory_trim_own();
    atomic_store_explicit(&thread->awaits_pong, false, memory_order_release);
}

static bool is_stuck(const struct watched_thread *thread)
{
    return thread->missed_rounds >= STUCK_ROUNDS;
}

static void write_stuck(const struct watchdog *watchdog, struct buffer *out)
{
    const struct watched_thread *thread;
    struct text before = text_literal("; stuck: ");
    TAILQ_FOREACH(thread, &watchdog->threads, place)
    {
        if (!is_stuck(thread))
            continue;
        buffer_add_text(out, before);
        buffer_add_text(out, text_of(thread->name));
        buffer_add_char(out, ' ');
        buffer_add_u64(out, thread->number);
        before = text_literal(", ");
    }
}

bool watchdog_all_responsive(const struct watchdog *watchdog, struct buffer *out)
{
    const struct watched_thread *thread;
    /* The main thread runs this. */
    size_t all = 1, responsive = 1;
    TAILQ_FOREACH(thread, &watchdog->threads, place)
    {
        all++;
        responsive += !is_stuck(thread);
    }
    buffer_add_u64(out, responsive);
    buffer_add_literal(out, " of ");
    buffer_add_u64(out, all);
    buffer_add_literal(out, " threads responsive");
    write_stuck(watchdog, out);
    return responsive == all;
}
