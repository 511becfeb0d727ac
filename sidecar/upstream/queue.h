/* SPDX-License-Identifier: MIT */
/*
 * The exchanges of a loop that wait for their turn, by caller: callers take turns, so that one that
 * has many calls waiting delays another by one call at a time. Within a caller the order is that of
 * arrival. The loop's thread only.
 */
#pragma once

#include <sys/queue.h>

#include "upstream/upstream.h"

#define QUEUE_BUCKETS 64

TAILQ_HEAD(exchange_list, exchange);
TAILQ_HEAD(queue_turns, queue_caller);
LIST_HEAD(queue_bucket, queue_caller);

struct queue {
    struct queue_turns turns; /* callers that have exchanges waiting; the next one first */
    struct queue_bucket buckets[QUEUE_BUCKETS];
    size_t waiting, callers;    /* exchanges, and callers that have some */
    struct queue_caller *spare; /* so that a short wait allocates nothing */
};

void queue_init(struct queue *queue);
void queue_clear(struct queue *queue); /* it must be empty */

/* How many exchanges would have their turn before that one, if it were added. */
size_t queue_before(struct queue *queue, struct exchange *exchange);

/* Adds an exchange behind those of its caller that came earlier. */
void queue_add(struct queue *queue, struct exchange *exchange);

/* Takes an exchange out; its caller then has its next turn after all others. */
void queue_remove(struct queue *queue, struct exchange *exchange);

/* The oldest or newest exchange of the caller whose turn it is; NULL when none waits. */
struct exchange *queue_oldest(const struct queue *queue);
struct exchange *queue_newest(const struct queue *queue);
