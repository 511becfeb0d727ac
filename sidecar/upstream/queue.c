/* SPDX-License-Identifier: MIT */
#include "upstream/queue.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

struct queue_caller {
    uint64_t caller_hash;
    size_t waiting;
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

static struct queue_bucket *bucket_of(struct queue *queue, uint64_t caller_hash)
{
    return &queue->buckets[caller_hash % QUEUE_BUCKETS];
}

static struct queue_caller *add_caller(struct queue *queue, uint64_t caller_hash)
{
    struct queue_caller *made = queue->spare;
    queue->spare = NULL;
    if (!made)
        made = memory_expect(calloc(1, sizeof *made));
    queue->callers++;
    made->caller_hash = caller_hash;
    made->waiting = 0;
    TAILQ_INIT(&made->exchanges);
    TAILQ_INSERT_TAIL(&queue->turns, made, turn);
    LIST_INSERT_HEAD(bucket_of(queue, caller_hash), made, place);
    return made;
}

static struct queue_caller *find_caller(struct queue *queue, uint64_t caller_hash)
{
    struct queue_caller *found;
    LIST_FOREACH(found, bucket_of(queue, caller_hash), place)
    if (found->caller_hash == caller_hash)
        return found;
    return NULL;
}

static uint64_t hash_of(struct exchange *exchange)
{
    return exchange->caller_hash ? exchange->caller_hash(exchange) : 0;
}

/* In each round of turns every other caller has one. */
size_t queue_before(struct queue *queue, struct exchange *exchange)
{
    if (queue->waiting == 0)
        return 0;
    const struct queue_caller *caller = find_caller(queue, hash_of(exchange));
    size_t rounds = caller ? caller->waiting : 0;
    size_t before = rounds * queue->callers + queue->callers;
    return before < queue->waiting ? before : queue->waiting;
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
    uint64_t caller_hash = hash_of(exchange);
    struct queue_caller *caller = find_caller(queue, caller_hash);
    if (!caller)
        caller = add_caller(queue, caller_hash);
    exchange->queued_by = caller;
    insert(&caller->exchanges, exchange);
    caller->waiting++;
    queue->waiting++;
}

static void remove_caller(struct queue *queue, struct queue_caller *caller)
{
    queue->callers--;
    LIST_REMOVE(caller, place);
    if (queue->spare)
        free(caller);
    else
        queue->spare = caller;
}

void queue_remove(struct queue *queue, struct exchange *exchange)
{
    struct queue_caller *caller = exchange->queued_by;
    queue->waiting--;
    caller->waiting--;
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
