/* SPDX-License-Identifier: MIT */
#include "admin/watchdog.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"

#include "base/banned.h"

/* So many rounds without an answer make a thread a stuck one. */
#define ROUNDS 5

struct watched_thread {
    STAILQ_ENTRY(watched_thread) place;
    const char *name;
    watchdog_ping *send_ping;
    void *context;
    size_t number;
    struct thread_ping ping;
    unsigned missed;
};

struct watchdog {
    struct event *timer;
    STAILQ_HEAD(, watched_thread) threads; /* in the order in which they were added */
    size_t count;
};

static void ping_once(struct watched_thread *thread)
{
    if (atomic_load_explicit(&thread->ping.is_owed, memory_order_acquire)) {
        thread->missed++;
        return;
    }
    thread->missed = 0;
    atomic_store(&thread->ping.is_owed, true);
    thread->send_ping(thread->context, thread->number, &thread->ping);
}

static void on_round(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct watchdog *watchdog = context;
    struct watched_thread *thread;
    STAILQ_FOREACH(thread, &watchdog->threads, place)
    ping_once(thread);
}

struct watchdog *watchdog_new(struct event_base *loop, int64_t round_ns)
{
    struct watchdog *watchdog = memory_expect(calloc(1, sizeof *watchdog));
    STAILQ_INIT(&watchdog->threads);
    watchdog->timer = memory_expect(event_new(loop, -1, EV_PERSIST, on_round, watchdog));
    struct timeval round = clock_timeval(round_ns);
    event_add(watchdog->timer, &round);
    return watchdog;
}

void watchdog_add(struct watchdog *watchdog, const char *name, watchdog_ping *send_ping,
                  void *context, size_t number)
{
    struct watched_thread *thread = memory_expect(calloc(1, sizeof *thread));
    *thread = (struct watched_thread){
        .name = name, .send_ping = send_ping, .context = context, .number = number};
    STAILQ_INSERT_TAIL(&watchdog->threads, thread, place);
    watchdog->count++;
}

void watchdog_stop(struct watchdog *watchdog)
{
    if (watchdog)
        event_del(watchdog->timer);
}

void watchdog_free(struct watchdog *watchdog)
{
    if (!watchdog)
        return;
    while (!STAILQ_EMPTY(&watchdog->threads)) {
        struct watched_thread *thread = STAILQ_FIRST(&watchdog->threads);
        STAILQ_REMOVE_HEAD(&watchdog->threads, place);
        free(thread);
    }
    event_free(watchdog->timer);
    free(watchdog);
}

bool watchdog_all_alive(const struct watchdog *watchdog, struct buffer *why)
{
    size_t stuck = 0;
    const struct watched_thread *thread;
    STAILQ_FOREACH(thread, &watchdog->threads, place)
    {
        if (thread->missed < ROUNDS)
            continue;
        buffer_add_text(why, stuck++ ? text_literal(", ") : text_literal("no answer from "));
        buffer_add_text(why, text_of(thread->name));
        buffer_add_char(why, ' ');
        buffer_add_u64(why, thread->number);
    }
    if (stuck)
        return false;
    buffer_add_u64(why, watchdog->count + 1);
    buffer_add_literal(why, " turn");
    return true;
}
