/* SPDX-License-Identifier: MIT */
/*
 * The peers of the connections that are open: how many connections each has and what it does on
 * them. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/rate_limit.h"
#include "server/peer.h"
#include "system/memory_budget.h"

struct peer_table;

/* The open calls, memory and limits of a peer. The front's thread. */
struct peer_use {
    struct memory_share memory;
    size_t calls;                           /* open */
    struct rate_limit unfinished, rejected; /* calls */
};

/* All connections of one peer; its text `who` is the key. */
struct peer_account {
    char who[PEER_BYTES];
    size_t connections;
    struct peer_use use;
    TAILQ_ENTRY(peer_account) dormant_place;
    bool is_dormant; /* without a connection, while its limits remember something */
};

/* At most --max-connections, and --max-connections-per-peer of one peer. */
struct peer_table *peer_table_new(const struct config *config);

void peer_table_free(struct peer_table *table); /* NULL is allowed */

/* Counts a connection and returns NULL with the peer's account, or returns the option whose limit
 * is reached. */
const char *peer_table_enter(struct peer_table *table, const struct peer *peer,
                             struct peer_account **account);

/* A counted connection has ended. */
void peer_table_leave(struct peer_table *table, struct peer_account *account);

/* Number of counted connections. */
size_t peer_table_connections(struct peer_table *table);
