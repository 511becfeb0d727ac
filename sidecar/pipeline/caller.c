/* SPDX-License-Identifier: MIT */
#include "pipeline/caller.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

struct caller_entry {
    uint64_t caller, in_flight;
    LIST_ENTRY(caller_entry) place;
};

void callers_init(struct callers *callers)
{
    *callers = (struct callers){.lock = PTHREAD_MUTEX_INITIALIZER};
}

/* FNV-1a. */
uint64_t caller_number(struct text identity)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < identity.size; i++)
        hash = (hash ^ (uint8_t)identity.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static struct caller_bucket *bucket_of(struct callers *callers, uint64_t caller)
{
    return &callers->buckets[caller % CALLER_BUCKETS];
}

static struct caller_entry *find(struct callers *callers, uint64_t caller)
{
    struct caller_entry *entry;
    LIST_FOREACH(entry, bucket_of(callers, caller), place)
    if (entry->caller == caller)
        return entry;
    return NULL;
}

static struct caller_entry *add(struct callers *callers, uint64_t caller)
{
    struct caller_entry *entry = memory_expect(calloc(1, sizeof *entry));
    entry->caller = caller;
    LIST_INSERT_HEAD(bucket_of(callers, caller), entry, place);
    return entry;
}

bool callers_enter(struct callers *callers, uint64_t caller, uint64_t most)
{
    pthread_mutex_lock(&callers->lock);
    struct caller_entry *entry = find(callers, caller);
    bool may_enter = !entry || entry->in_flight < most;
    if (!entry)
        entry = add(callers, caller);
    entry->in_flight += may_enter;
    pthread_mutex_unlock(&callers->lock);
    return may_enter;
}

void callers_leave(struct callers *callers, uint64_t caller)
{
    pthread_mutex_lock(&callers->lock);
    struct caller_entry *entry = find(callers, caller);
    assert(entry);
    if (--entry->in_flight == 0) {
        LIST_REMOVE(entry, place);
        free(entry);
    }
    pthread_mutex_unlock(&callers->lock);
}
