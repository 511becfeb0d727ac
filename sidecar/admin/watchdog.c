/* SPDX-License-Identifier: MIT */
#include "admin/watchdog.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"

#include "base/banned.h"

/* So many rounds without an answer make a thread a stuck one. */
#define ROUNDS 5

struct asked {
    STAILQ_ENTRY(asked) place;
    const char *name;
    heartbeat_ask *ask;
    void *context;
    size_t number;
    struct pulse pulse;
    unsigned missed;
};

struct heartbeat {
    struct event *timer;
    STAILQ_HEAD(, asked) threads; /* in the order in which they were added */
    size_t count;
};

static void ask_once(struct asked *asked)
{
    if (atomic_load_explicit(&asked->pulse.is_owed, memory_order_acquire)) {
        asked->missed++;
        return;
    }
    asked->missed = 0;
    atomic_store(&asked->pulse.is_owed, true);
    asked->ask(asked->context, asked->number, &asked->pulse);
}

static void on_round(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct heartbeat *heartbeat = context;
    struct asked *asked;
    STAILQ_FOREACH(asked, &heartbeat->threads, place)
    ask_once(asked);
}

struct heartbeat *heartbeat_new(struct event_base *loop, int64_t round_ns)
{
    struct heartbeat *heartbeat = memory_expect(calloc(1, sizeof *heartbeat));
    STAILQ_INIT(&heartbeat->threads);
    heartbeat->timer = memory_expect(event_new(loop, -1, EV_PERSIST, on_round, heartbeat));
    struct timeval round = clock_timeval(round_ns);
    event_add(heartbeat->timer, &round);
    return heartbeat;
}

void heartbeat_add(struct heartbeat *heartbeat, const char *name, heartbeat_ask *ask, void *context,
                   size_t number)
{
    struct asked *asked = memory_expect(calloc(1, sizeof *asked));
    *asked = (struct asked){.name = name, .ask = ask, .context = context, .number = number};
    STAILQ_INSERT_TAIL(&heartbeat->threads, asked, place);
    heartbeat->count++;
}

void heartbeat_stop(struct heartbeat *heartbeat)
{
    if (heartbeat)
        event_del(heartbeat->timer);
}

void heartbeat_free(struct heartbeat *heartbeat)
{
    if (!heartbeat)
        return;
    while (!STAILQ_EMPTY(&heartbeat->threads)) {
        struct asked *asked = STAILQ_FIRST(&heartbeat->threads);
        STAILQ_REMOVE_HEAD(&heartbeat->threads, place);
        free(asked);
    }
    event_free(heartbeat->timer);
    free(heartbeat);
}

bool heartbeat_is_regular(const struct heartbeat *heartbeat, struct buffer *why)
{
    size_t stuck = 0;
    const struct asked *asked;
    STAILQ_FOREACH(asked, &heartbeat->threads, place)
    {
        if (asked->missed < ROUNDS)
            continue;
        buffer_add_text(why, stuck++ ? text_literal(", ") : text_literal("no answer from "));
        buffer_add_text(why, text_of(asked->name));
        buffer_add_char(why, ' ');
        buffer_add_u64(why, asked->number);
    }
    if (stuck)
        return false;
    buffer_add_u64(why, heartbeat->count + 1);
    buffer_add_literal(why, " turn");
    return true;
}
