/* SPDX-License-Identifier: MIT */
#include "server/call_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "server/front_connection.h"

#include "base/banned.h"

/* The lower bits of a call's number are its row, and the upper ones count all calls. */
#define ROW_BITS 24
#define MOST_ROWS (1U << ROW_BITS)
#define FIRST_ROWS 64U
#define NO_ROW UINT32_MAX

/* An empty table of more rows gives its memory back. */
#define KEPT_ROWS 1024

struct call_row {
    uint64_t number; /* 0: the row is free */
    struct call_place place;
    struct front_call *follower;
    uint32_t next_free;
};

static void forget_rows(struct call_table *table)
{
    free(table->rows);
    table->rows = NULL;
    table->room = 0;
    table->first_free = NO_ROW;
}

void call_table_init(struct call_table *table)
{
    *table = (struct call_table){.first_free = NO_ROW};
    pthread_mutex_init(&table->lock, NULL);
}

void call_table_clear(struct call_table *table)
{
    forget_rows(table);
    pthread_mutex_destroy(&table->lock);
}

static void add_free_row(struct call_table *table, uint32_t row)
{
    table->rows[row] = (struct call_row){.next_free = table->first_free};
    table->first_free = row;
}

static void grow(struct call_table *table)
{
    size_t room = table->room > 0 ? table->room * 2 : FIRST_ROWS;
    /* --max-memory refuses calls long before 16 million are open. */
    if (room > MOST_ROWS)
        abort();
    table->rows = memory_expect(realloc(table->rows, room * sizeof *table->rows));
    for (size_t row = room; row > table->room; row--)
        add_free_row(table, (uint32_t)(row - 1));
    table->room = room;
}

static uint64_t add(struct call_table *table, const struct call_place *place)
{
    if (table->first_free == NO_ROW)
        grow(table);
    uint32_t index = table->first_free;
    struct call_row *row = &table->rows[index];
    table->first_free = row->next_free;
    table->count++;
    *row = (struct call_row){.number = ++table->last << ROW_BITS | index, .place = *place};
    return row->number;
}

uint64_t call_table_add(struct call_table *table, const struct call_place *place)
{
    pthread_mutex_lock(&table->lock);
    uint64_t number = add(table, place);
    pthread_mutex_unlock(&table->lock);
    return number;
}

static struct call_row *find(const struct call_table *table, uint64_t number)
{
    size_t index = number & (MOST_ROWS - 1);
    if (number == 0 || index >= table->room || table->rows[index].number != number)
        return NULL;
    return &table->rows[index];
}

static struct front_call *take(struct call_table *table, uint64_t number)
{
    struct call_row *row = find(table, number);
    if (!row)
        return NULL;
    struct front_call *follower = row->follower;
    table->count--;
    if (table->count == 0 && table->room > KEPT_ROWS)
        forget_rows(table);
    else
        add_free_row(table, (uint32_t)(row - table->rows));
    return follower;
}

struct front_call *call_table_remove(struct call_table *table, uint64_t number)
{
    pthread_mutex_lock(&table->lock);
    struct front_call *follower = take(table, number);
    pthread_mutex_unlock(&table->lock);
    return follower;
}

bool call_table_follow(struct call_table *table, uint64_t number, struct front_call *follower,
                       struct peer *peer)
{
    pthread_mutex_lock(&table->lock);
    struct call_row *row = find(table, number);
    bool is_free = row && !row->follower;
    if (is_free) {
        row->follower = follower;
        *peer = row->place.connection->peer;
    }
    pthread_mutex_unlock(&table->lock);
    return is_free;
}

bool call_table_unfollow(struct call_table *table, uint64_t number)
{
    pthread_mutex_lock(&table->lock);
    struct call_row *row = find(table, number);
    bool was_followed = row && row->follower;
    if (row)
        row->follower = NULL;
    pthread_mutex_unlock(&table->lock);
    return was_followed;
}

struct call_place call_table_find(struct call_table *table, uint64_t number)
{
    pthread_mutex_lock(&table->lock);
    const struct call_row *row = find(table, number);
    struct call_place place = row ? row->place : (struct call_place){NULL, 0};
    pthread_mutex_unlock(&table->lock);
    return place;
}

bool call_table_has_room(struct call_table *table, uint64_t number)
{
    pthread_mutex_lock(&table->lock);
    const struct call_row *row = find(table, number);
    bool has_room = !row || !atomic_load(&row->place.connection->is_full);
    pthread_mutex_unlock(&table->lock);
    return has_room;
}
