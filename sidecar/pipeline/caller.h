/* SPDX-License-Identifier: MIT */
/* How many calls each caller has in flight, when --max-in-flight-per-caller bounds them. A caller
 * is known by its hash (call_caller_hash). Any thread. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/compiler.h"

#define CALLER_BUCKETS 256

LIST_HEAD(caller_bucket, caller_entry);

struct callers {
    pthread_mutex_t lock;
    struct caller_bucket buckets[CALLER_BUCKETS]; /* callers with calls in flight */
};

void callers_init(struct callers *callers); /* needs no counterpart */

/* Counts a call of that caller; false when it has `most` in flight already. */
must_use bool callers_enter(struct callers *callers, uint64_t caller_hash, uint64_t most);

/* The call has ended. */
void callers_leave(struct callers *callers, uint64_t caller_hash);
