/* SPDX-License-Identifier: MIT */
/*
 * The callers by their identity: a number for each, and how many calls it has in flight, when
 * --max-in-flight-per-caller bounds them. Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/compiler.h"
#include "base/text.h"

#define CALLER_BUCKETS 256

LIST_HEAD(caller_bucket, caller_entry);

struct callers {
    pthread_mutex_t lock;
    struct caller_bucket buckets[CALLER_BUCKETS]; /* callers with calls in flight */
};

void callers_init(struct callers *callers); /* needs no counterpart */

/* The number of a caller: a hash of its identity. */
uint64_t caller_number(struct text identity);

/* Counts a call of that caller; false when it has `most` in flight already. */
must_use bool callers_enter(struct callers *callers, uint64_t caller, uint64_t most);

/* The call has ended. */
void callers_leave(struct callers *callers, uint64_t caller);
