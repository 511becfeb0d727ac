/* SPDX-License-Identifier: MIT */
#include "upstream/lease.h"

#include "base/clock.h"
#include "upstream/stage.h"

#include "base/banned.h"

/* Leases that end within the shortest pause are looked at together; the longest one is short
 * because leases may become shorter. */
#define SHORTEST_PAUSE_NS (10 * CLOCK_NS_PER_MS)
#define LONGEST_PAUSE_NS CONCURRENCY_LIMIT_SHORTEST_LEASE_NS

static void look_again(struct upstream_loop *loop, int64_t pause_ns)
{
    if (pause_ns < SHORTEST_PAUSE_NS)
        pause_ns = SHORTEST_PAUSE_NS;
    struct timeval after = clock_timeval(pause_ns);
    event_add(loop->leases, &after);
}

static void lapse(struct exchange *exchange)
{
    stage_enter(exchange, EXCHANGE_STAGE_HUNG);
    pool_lapsed(exchange->loop->pool, exchange->connection);
}

static void on_leases(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct upstream_loop *loop = context;
    int64_t lease_ns = concurrency_limit_lease_ns(&pool_admission(loop->pool)->limit);
    int64_t next_ns = LONGEST_PAUSE_NS, now_ns = clock_now_ns();
    struct exchange *following;
    for (struct exchange *exchange = stage_first(loop, EXCHANGE_STAGE_RUNNING); exchange;
         exchange = following) {
        following = TAILQ_NEXT(exchange, place);
        int64_t left_ns = exchange->connection->taken_ns + lease_ns - now_ns;
        if (left_ns <= 0)
            lapse(exchange);
        else if (left_ns < next_ns)
            next_ns = left_ns;
    }
    if (loop->counts[EXCHANGE_STAGE_RUNNING] > 0)
        look_again(loop, next_ns);
}

void leases_watch(struct upstream_loop *loop)
{
    if (loop->counts[EXCHANGE_STAGE_RUNNING] == 0 && !evtimer_pending(loop->leases, NULL))
        look_again(loop, LONGEST_PAUSE_NS);
}

bool leases_init(struct upstream_loop *loop)
{
    loop->leases = evtimer_new(loop->thread.loop, on_leases, loop);
    return loop->leases;
}

void leases_clear(struct upstream_loop *loop)
{
    if (loop->leases)
        event_free(loop->leases);
}
