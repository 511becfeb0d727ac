/* SPDX-License-Identifier: MIT */
#include "upstream/queue.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

struct queue_caller {
    uint64_t caller;
    struct exchange_list exchanges; /* never empty */
    TAILQ_ENTRY(queue_caller) turn;
    LIST_ENTRY(queue_caller) place; /* in its bucket */
};

void queue_init(struct queue *queue)
{
    *queue = (struct queue){.spare = NULL};
    TAILQ_INIT(&queue->turns);
}

void queue_clear(struct queue *queue)
{
    assert(TAILQ_EMPTY(&queue->turns));
    free(queue->spare);
}

static struct queue_bucket *bucket_of(struct queue *queue, uint64_t caller)
{
    return &queue->buckets[caller % QUEUE_BUCKETS];
}

static struct queue_caller *add_caller(struct queue *queue, uint64_t caller)
{
    struct queue_caller *made = queue->spare;
    queue->spare = NULL;
    if (!made)
        made = memory_expect(calloc(1, sizeof *made));
    made->caller = caller;
    TAILQ_INIT(&made->exchanges);
    TAILQ_INSERT_TAIL(&queue->turns, made, turn);
    LIST_INSERT_HEAD(bucket_of(queue, caller), made, place);
    return made;
}

static struct queue_caller *find_caller(struct queue *queue, uint64_t caller)
{
    struct queue_caller *found;
    LIST_FOREACH(found, bucket_of(queue, caller), place)
    if (found->caller == caller)
        return found;
    return add_caller(queue, caller);
}

/* From the end, because most exchanges are the newest; one that was throttled goes back. */
static void insert(struct exchange_list *exchanges, struct exchange *exchange)
{
    struct exchange *before;
    TAILQ_FOREACH_REVERSE(before, exchanges, exchange_list, place)
    if (before->arrived_ns <= exchange->arrived_ns)
        break;
    if (before)
        TAILQ_INSERT_AFTER(exchanges, before, exchange, place);
    else
        TAILQ_INSERT_HEAD(exchanges, exchange, place);
}

void queue_add(struct queue *queue, struct exchange *exchange)
{
    uint64_t caller = exchange->caller ? exchange->caller(exchange) : 0;
    exchange->queued_by = find_caller(queue, caller);
    insert(&exchange->queued_by->exchanges, exchange);
}

static void remove_caller(struct queue *queue, struct queue_caller *caller)
{
    LIST_REMOVE(caller, place);
    if (queue->spare)
        free(caller);
    else
        queue->spare = caller;
}

void queue_remove(struct queue *queue, struct exchange *exchange)
{
    struct queue_caller *caller = exchange->queued_by;
    TAILQ_REMOVE(&caller->exchanges, exchange, place);
    TAILQ_REMOVE(&queue->turns, caller, turn);
    if (TAILQ_EMPTY(&caller->exchanges))
        remove_caller(queue, caller);
    else
        TAILQ_INSERT_TAIL(&queue->turns, caller, turn);
}

struct exchange *queue_oldest(const struct queue *queue)
{
    const struct queue_caller *caller = TAILQ_FIRST(&queue->turns);
    return caller ? TAILQ_FIRST(&caller->exchanges) : NULL;
}

struct exchange *queue_newest(const struct queue *queue)
{
    const struct queue_caller *caller = TAILQ_FIRST(&queue->turns);
    return caller ? TAILQ_LAST(&caller->exchanges, exchange_list) : NULL;
}
