/* SPDX-License-Identifier: MIT */
#include "http2/stream_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#include "base/banned.h"

#define LEAST_PLACES 8

/* A table that a burst has made larger than this gives its memory back when it is empty. */
#define KEPT_PLACES 64

/* The upper bits of a multiple of the golden ratio: they scatter ids that follow one another. Side
 * by side, all streams of a connection would be looked through for each that is removed. */
static size_t place_of(const struct stream_table *table, uint32_t id)
{
    uint32_t scattered = id * UINT32_C(0x9e3779b9);
    return scattered >> (__builtin_clz((uint32_t)table->place_count) + 1);
}

static size_t next_place(const struct stream_table *table, size_t place)
{
    return (place + 1) & (table->place_count - 1);
}

struct stream *stream_table_find(const struct stream_table *table, uint32_t id)
{
    if (id == 0 || table->count == 0)
        return NULL;
    size_t place = place_of(table, id);
    while (table->places[place].id != id) {
        if (table->places[place].id == 0)
            return NULL;
        place = next_place(table, place);
    }
    return &table->places[place];
}

static struct stream *free_place(const struct stream_table *table, uint32_t id)
{
    size_t place = place_of(table, id);
    while (table->places[place].id != 0)
        place = next_place(table, place);
    return &table->places[place];
}

static void grow(struct stream_table *table)
{
    struct stream_table larger = *table;
    larger.place_count = table->place_count ? 2 * table->place_count : LEAST_PLACES;
    larger.places = memory_expect(calloc(larger.place_count, sizeof *larger.places));
    for (size_t i = 0; i < table->place_count; i++)
        if (table->places[i].id != 0)
            *free_place(&larger, table->places[i].id) = table->places[i];
    free(table->places);
    *table = larger;
}

struct stream *stream_table_add(struct stream_table *table, uint32_t id)
{
    if (table->count >= table->place_count / 2)
        grow(table);
    struct stream *stream = free_place(table, id);
    *stream = (struct stream){.id = id};
    table->count++;
    return stream;
}

/* Moves back what stands behind a place that became free, so that a search still finds it. */
static void close_gap(struct stream_table *table, size_t gap)
{
    size_t mask = table->place_count - 1;
    for (size_t at = next_place(table, gap); table->places[at].id != 0;
         at = next_place(table, at)) {
        size_t distance = (at - place_of(table, table->places[at].id)) & mask;
        if (distance >= ((at - gap) & mask)) {
            table->places[gap] = table->places[at];
            gap = at;
        }
    }
    table->places[gap].id = 0;
}

static void release(struct stream_table *table)
{
    free(table->places);
    table->places = NULL;
    table->place_count = 0;
}

void stream_table_remove(struct stream_table *table, struct stream *stream)
{
    if (!stream->caller_ended)
        stream_table_remember_ended(table, stream->id);
    close_gap(table, (size_t)(stream - table->places));
    table->count--;
    if (table->count == 0 && table->place_count > KEPT_PLACES)
        release(table);
}

void stream_table_remember_ended(struct stream_table *table, uint32_t id)
{
    table->recently_ended[table->recently_ended_at] = id;
    table->recently_ended_at = (table->recently_ended_at + 1) % RECENTLY_ENDED_STREAMS;
}

void stream_table_forget_ended(struct stream_table *table, uint32_t id)
{
    for (size_t i = 0; i < RECENTLY_ENDED_STREAMS; i++)
        if (table->recently_ended[i] == id)
            table->recently_ended[i] = 0;
}

bool stream_table_ended_recently(const struct stream_table *table, uint32_t id)
{
    for (size_t i = 0; i < RECENTLY_ENDED_STREAMS; i++)
        if (table->recently_ended[i] == id)
            return true;
    return false;
}

void stream_table_clear(struct stream_table *table)
{
    release(table);
    table->count = 0;
}
