/* SPDX-License-Identifier: MIT */
#include "upstream/stage.h"

#include "base/banned.h"

/* Relaxed: the sum alone matters, which no other memory depends on. */
static void count_waiting(struct upstream_loop *loop, ptrdiff_t change)
{
    atomic_fetch_add_explicit(&loop->rate->waiting, (size_t)change, memory_order_relaxed);
}

void stage_leave(struct exchange *exchange)
{
    struct upstream_loop *loop = exchange->loop;
    if (exchange->stage == EXCHANGE_STAGE_NONE)
        return;
    if (exchange->stage == EXCHANGE_STAGE_WAITING) {
        queue_remove(&loop->waiting, exchange);
        count_waiting(loop, -1);
    } else {
        TAILQ_REMOVE(&loop->stages[exchange->stage], exchange, place);
    }
    loop->counts[exchange->stage]--;
    loop->slots -= exchange->holds_slot;
    exchange->holds_slot = false;
    exchange->stage = EXCHANGE_STAGE_NONE;
}

void stage_enter(struct exchange *exchange, enum exchange_stage stage)
{
    struct upstream_loop *loop = exchange->loop;
    stage_leave(exchange);
    exchange->stage = stage;
    if (stage == EXCHANGE_STAGE_WAITING) {
        queue_add(&loop->waiting, exchange);
        count_waiting(loop, 1);
    } else {
        TAILQ_INSERT_TAIL(&loop->stages[stage], exchange, place);
    }
    loop->counts[stage]++;
}

struct exchange *stage_first(const struct upstream_loop *loop, enum exchange_stage stage)
{
    return stage == EXCHANGE_STAGE_WAITING ? queue_oldest(&loop->waiting)
                                           : TAILQ_FIRST(&loop->stages[stage]);
}
