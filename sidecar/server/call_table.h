/* SPDX-License-Identifier: MIT */
/*
 * The calls that C-core was given and whose streams have not ended, each by a number that no other
 * call ever gets. The front adds and removes them; the server looks for a call when C-core hands it
 * over with its number. Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/peer.h"

struct front_call;
struct front_connection;

/* The stream of a call. */
struct call_place {
    struct front_connection *connection; /* NULL: the stream has ended */
    uint32_t stream;
};

struct call_row;

struct call_table {
    pthread_mutex_t lock; /* of everything below */
    struct call_row *rows;
    size_t room, count;
    uint32_t first_free; /* row */
    uint64_t last;       /* call */
};

void call_table_init(struct call_table *table);
void call_table_clear(struct call_table *table);

/* Returns the number of a new call, which is not 0. The connection has to live until the call is
 * removed. */
uint64_t call_table_add(struct call_table *table, const struct call_place *place);

/* Removes a call. Returns its follower, or NULL when there is none. */
struct front_call *call_table_remove(struct call_table *table, uint64_t number);

/* From now on the call has a follower; copies its peer. False when the stream has ended, and when
 * the call has a follower. */
must_use bool call_table_follow(struct call_table *table, uint64_t number,
                                struct front_call *follower, struct peer *peer);

/* Returns whether there was a follower, which is not one any more. */
bool call_table_unfollow(struct call_table *table, uint64_t number);

struct call_place call_table_find(struct call_table *table, uint64_t number);

/* Returns whether the socket of the call's caller has taken everything that was sent to it; true
 * also when the stream has ended. */
bool call_table_has_room(struct call_table *table, uint64_t number);
