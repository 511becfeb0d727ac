/* SPDX-License-Identifier: MIT */
#include "pipeline/caller.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

struct caller_entry {
    uint64_t caller_hash, in_flight;
    LIST_ENTRY(caller_entry) place;
};

void callers_init(struct callers *callers)
{
    *callers = (struct callers){.lock = PTHREAD_MUTEX_INITIALIZER};
}

static struct caller_bucket *bucket_of(struct callers *callers, uint64_t caller_hash)
{
    return &callers->buckets[caller_hash % CALLER_BUCKETS];
}

static struct caller_entry *find(struct callers *callers, uint64_t caller_hash)
{
    struct caller_entry *entry;
    LIST_FOREACH(entry, bucket_of(callers, caller_hash), place)
    if (entry->caller_hash == caller_hash)
        return entry;
    return NULL;
}

static struct caller_entry *add(struct callers *callers, uint64_t caller_hash)
{
    struct caller_entry *entry = memory_expect(calloc(1, sizeof *entry));
    entry->caller_hash = caller_hash;
    LIST_INSERT_HEAD(bucket_of(callers, caller_hash), entry, place);
    return entry;
}

bool callers_enter(struct callers *callers, uint64_t caller_hash, uint64_t most)
{
    pthread_mutex_lock(&callers->lock);
    struct caller_entry *entry = find(callers, caller_hash);
    bool may_enter = !entry || entry->in_flight < most;
    if (!entry)
        entry = add(callers, caller_hash);
    entry->in_flight += may_enter;
    pthread_mutex_unlock(&callers->lock);
    return may_enter;
}

void callers_leave(struct callers *callers, uint64_t caller_hash)
{
    pthread_mutex_lock(&callers->lock);
    struct caller_entry *entry = find(callers, caller_hash);
    assert(entry);
    if (--entry->in_flight == 0) {
        LIST_REMOVE(entry, place);
        free(entry);
    }
    pthread_mutex_unlock(&callers->lock);
}
