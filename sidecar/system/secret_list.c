/* SPDX-License-Identifier: MIT */
#include "system/secret_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "system/secret.h"

#include "base/banned.h"

/* In secret memory as a whole: the value first, then the index, both in `memory`. */
struct secret {
    struct secret_list *list;
    struct secret *next, **link; /* of the list */
    size_t bytes;
    struct secret_index index;
    uint16_t memory[];
};

struct secret_list {
    pthread_rwlock_t lock; /* of what follows */
    struct secret *first;
    size_t holders;
};

struct secret_list *secret_list_new(void)
{
    struct secret_list *list = memory_expect(calloc(1, sizeof *list));
    pthread_rwlock_init(&list->lock, NULL);
    list->holders = 1;
    return list;
}

/* With the lock, which it gives back. */
static void let_go(struct secret_list *list)
{
    bool last = --list->holders == 0;
    pthread_rwlock_unlock(&list->lock);
    if (!last)
        return;
    pthread_rwlock_destroy(&list->lock);
    free(list);
}

void secret_list_release(struct secret_list *list)
{
    if (!list)
        return;
    pthread_rwlock_wrlock(&list->lock);
    let_go(list);
}

static void add(struct secret_list *list, struct secret *secret)
{
    pthread_rwlock_wrlock(&list->lock);
    secret->next = list->first;
    secret->link = &list->first;
    if (list->first)
        list->first->link = &secret->next;
    list->first = secret;
    list->holders++;
    pthread_rwlock_unlock(&list->lock);
}

static void take_out(struct secret *secret)
{
    struct secret_list *list = secret->list;
    pthread_rwlock_wrlock(&list->lock);
    *secret->link = secret->next;
    if (secret->next)
        secret->next->link = secret->link;
    let_go(list);
}

struct secret *secret_new(struct secret_list *list, struct text value)
{
    size_t words = (value.size + 1) / sizeof(uint16_t);
    size_t bytes =
        sizeof(struct secret) + words * sizeof(uint16_t) + secret_index_bytes(value.size);
    struct secret *secret = memory_expect(secret_alloc(bytes));
    secret->list = list;
    secret->bytes = bytes;
    char *copy = (char *)secret->memory;
    if (value.size > 0)
        memcpy(copy, value.data, value.size);
    secret_index_init(&secret->index, (struct text){copy, value.size}, secret->memory + words);
    if (list)
        add(list, secret);
    return secret;
}

void secret_wipe(struct secret *secret)
{
    if (!secret)
        return;
    if (secret->list)
        take_out(secret);
    secret_free(secret, secret->bytes);
}

struct text secret_value(const struct secret *secret)
{
    return secret->index.secret;
}

static bool search(const struct secret_index *index, struct text text,
                   void (*take)(struct stretch stretch, void *context), void *context)
{
    struct stretch found = {0, 0};
    bool any = false;
    while (secret_index_find(index, text, found.end, &found)) {
        any = true;
        if (take)
            take(found, context);
    }
    return any;
}

bool secret_list_search(struct secret_list *list, struct text text,
                        void (*take)(struct stretch stretch, void *context), void *context)
{
    bool any = false;
    if (!list || text.size < SECRET_LEAST_BYTES)
        return false;
    pthread_rwlock_rdlock(&list->lock);
    for (const struct secret *secret = list->first; secret; secret = secret->next)
        any |= search(&secret->index, text, take, context);
    pthread_rwlock_unlock(&list->lock);
    return any;
}
