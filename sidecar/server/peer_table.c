/* SPDX-License-Identifier: MIT */
#include "server/peer_table.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

#include "base/banned.h"

struct peer_table {
    size_t most, most_each;
    pthread_mutex_t lock; /* of everything below */
    void *accounts;       /* a tree of tsearch */
    TAILQ_HEAD(, peer_account) dormant;
    size_t connections;
};

struct peer_table *peer_table_new(const struct config *config)
{
    struct peer_table *table = memory_expect(calloc(1, sizeof *table));
    *table = (struct peer_table){
        .most = config->max_connections,
        .most_each = config->max_connections_per_peer,
    };
    TAILQ_INIT(&table->dormant);
    pthread_mutex_init(&table->lock, NULL);
    return table;
}

void peer_table_free(struct peer_table *table)
{
    if (!table)
        return;
    tdestroy(table->accounts, free);
    pthread_mutex_destroy(&table->lock);
    free(table);
}

static int compare(const void *a, const void *b)
{
    const struct peer_account *one = a, *other = b;
    return strcmp(one->who, other->who);
}

static struct peer_account *account_of(struct peer_table *table, const struct peer *peer)
{
    struct peer_account *fresh = memory_expect(calloc(1, sizeof *fresh));
    memcpy(fresh->who, peer->who, sizeof fresh->who);
    struct peer_account *const *found = memory_expect(tsearch(fresh, &table->accounts, compare));
    if (*found != fresh)
        free(fresh);
    return *found;
}

static void set_dormant(struct peer_table *table, struct peer_account *account, bool is_dormant)
{
    if (account->is_dormant)
        TAILQ_REMOVE(&table->dormant, account, dormant_place);
    if (is_dormant)
        TAILQ_INSERT_TAIL(&table->dormant, account, dormant_place);
    account->is_dormant = is_dormant;
}

/* A peer cannot have its limits forgotten by closing its connections. */
static bool is_remembered(const struct peer_account *account)
{
    int64_t now_ns = clock_now_ns();
    return rate_limit_is_spent(&account->use.unfinished, now_ns, 0) ||
           rate_limit_is_spent(&account->use.rejected, now_ns, 0);
}

static void forget_if_empty(struct peer_table *table, struct peer_account *account)
{
    if (account->connections > 0)
        return;
    bool is_dormant = is_remembered(account);
    set_dormant(table, account, is_dormant);
    if (is_dormant)
        return;
    tdelete(account, &table->accounts, compare);
    free(account);
}

/* Looks at two for each that may be added, so that they never become many. */
static void forget_some(struct peer_table *table)
{
    for (int i = 0; i < 2 && !TAILQ_EMPTY(&table->dormant); i++)
        forget_if_empty(table, TAILQ_FIRST(&table->dormant));
}

const char *peer_table_enter(struct peer_table *table, const struct peer *peer,
                             struct peer_account **account)
{
    pthread_mutex_lock(&table->lock);
    forget_some(table);
    struct peer_account *found = account_of(table, peer);
    const char *limit = table->connections >= table->most ? "--max-connections is reached"
                        : found->connections >= table->most_each
                            ? "--max-connections-per-peer is reached"
                            : NULL;
    if (!limit) {
        set_dormant(table, found, false);
        found->connections++;
        table->connections++;
        *account = found;
    }
    forget_if_empty(table, found);
    pthread_mutex_unlock(&table->lock);
    return limit;
}

void peer_table_leave(struct peer_table *table, struct peer_account *account)
{
    pthread_mutex_lock(&table->lock);
    account->connections--;
    table->connections--;
    forget_if_empty(table, account);
    pthread_mutex_unlock(&table->lock);
}

size_t peer_table_connections(struct peer_table *table)
{
    pthread_mutex_lock(&table->lock);
    size_t connections = table->connections;
    pthread_mutex_unlock(&table->lock);
    return connections;
}
