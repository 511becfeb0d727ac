/* SPDX-License-Identifier: MIT */
/*
 * One stream of bytes read as an answer, cut into pieces in a chosen way. Each piece lies in memory
 * of its own and of its exact size, which is gone afterwards, so that a reader which looks beyond
 * it or keeps a view of it is found.
 */
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "http/response_reader.h"

/* How a stream is read: in a first piece and further ones of `then` bytes; what it answers; whether
 * the peer ends it behind the last byte. */
struct reading_plan {
    size_t first, then;
    bool head_request, ends;
    struct http1_limits limits;
};

struct reading {
    struct arena arena;
    enum http1_progress progress;
    enum http1_fault fault;
    size_t consumed; /* of a complete answer */
    unsigned status;
    bool keeps_alive;
    struct http_response response; /* when complete */
    struct status why;             /* when broken */
};

static inline enum http1_progress feed_piece(struct http1_reader *reader, struct text piece,
                                             struct reading *reading)
{
    size_t consumed = 0;
    char *copy = memory_expect(malloc(piece.size + (piece.size == 0)));
    memcpy(copy, piece.data, piece.size);
    enum http1_progress progress =
        http1_reader_feed(reader, (struct text){copy, piece.size}, &consumed, &reading->why);
    memset(copy, '#', piece.size);
    free(copy);
    reading->consumed += consumed;
    return progress;
}

static inline void reading_init(struct reading *reading, struct text stream,
                                const struct reading_plan *plan)
{
    *reading = (struct reading){.progress = HTTP1_MORE};
    arena_init(&reading->arena, (size_t)1 << 26);
    struct http1_reader *reader =
        memory_expect(http1_reader_new(&reading->arena, &plan->limits, plan->head_request));
    for (size_t at = 0, bytes = plan->first; at < stream.size && reading->progress == HTTP1_MORE;
         at += bytes, bytes = plan->then) {
        if (bytes > stream.size - at)
            bytes = stream.size - at;
        reading->progress = feed_piece(reader, (struct text){stream.data + at, bytes}, reading);
    }
    if (reading->progress == HTTP1_MORE && plan->ends)
        reading->progress = http1_reader_end(reader, &reading->why);
    reading->fault = http1_reader_fault(reader);
    reading->status = http1_reader_status(reader);
    reading->keeps_alive = http1_reader_keeps_alive(reader);
    if (reading->progress == HTTP1_COMPLETE)
        reading->response = http1_reader_response(reader);
}

static inline void reading_clear(struct reading *reading)
{
    arena_clear(&reading->arena);
}

static inline bool responses_equal(const struct http_response *a, const struct http_response *b)
{
    if (a->status != b->status || a->field_count != b->field_count || !text_equal(a->body, b->body))
        return false;
    for (size_t i = 0; i < a->field_count; i++)
        if (!text_equal(a->fields[i].name, b->fields[i].name) ||
            !text_equal(a->fields[i].value, b->fields[i].value))
            return false;
    return true;
}

/* Everything that a reader returns; for a broken response, the reason. */
static inline bool readings_equal(const struct reading *a, const struct reading *b)
{
    if (a->progress != b->progress || a->fault != b->fault || a->status != b->status ||
        a->keeps_alive != b->keeps_alive)
        return false;
    if (a->progress == HTTP1_BROKEN)
        return strcmp(a->why.message, b->why.message) == 0;
    return a->consumed == b->consumed && responses_equal(&a->response, &b->response);
}

/* Reads the stream once more, cut that way: true when the result is the same. */
static inline bool reads_alike(const struct reading *whole, struct text stream,
                               const struct reading_plan *plan, size_t first, size_t then)
{
    struct reading_plan other = *plan;
    other.first = first;
    other.then = then;
    struct reading reading;
    reading_init(&reading, stream, &other);
    bool alike = readings_equal(whole, &reading);
    reading_clear(&reading);
    return alike;
}
