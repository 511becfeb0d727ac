/* SPDX-License-Identifier: MIT */
/*
 * The streams of one connection that C-core knows, by their id, and a short memory of streams that
 * ended while their caller could not know it yet. Pure; one thread at a time for each table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "http2/guard.h"
#include "http2/message_reader.h"

struct stream {
    uint32_t id; /* 0: a free place */
    int64_t opened_ns;
    struct guard_call call;
    int64_t content_left;                /* of content-length; -1 when the caller named none */
    int32_t receive_window, send_window; /* added to the initial window of their direction */
    struct message_reader message;
    bool caller_ended; /* END_STREAM from the caller */
    bool core_ended;   /* END_STREAM from C-core */
    bool core_headers; /* the caller has its response headers, C-core's or the guard's */
    bool is_committed; /* it has the guard's, and those of C-core are still to be dropped */
    bool has_held;     /* `held` is the last byte of the message of a unary call */
    uint8_t held;
};

/* How many ended streams are remembered. */
#define RECENTLY_ENDED_STREAMS 32

/* Zeroed memory is an empty table. */
struct stream_table {
    struct stream *places;
    size_t place_count, count; /* place_count is 0 or a power of two */
    uint32_t recently_ended[RECENTLY_ENDED_STREAMS];
    size_t recently_ended_at;
};

/* NULL when there is none. The pointer is valid until a stream is added or removed. */
struct stream *stream_table_find(const struct stream_table *table, uint32_t id);

/* Adds a stream that is not there, zeroed but for its id. */
struct stream *stream_table_add(struct stream_table *table, uint32_t id);

/* Removes one that is there. One that its caller has not ended is remembered. */
void stream_table_remove(struct stream_table *table, struct stream *stream);

/* While an ended stream is remembered, a frame of its caller is not a fault. */
void stream_table_remember_ended(struct stream_table *table, uint32_t id);
void stream_table_forget_ended(struct stream_table *table, uint32_t id);
bool stream_table_ended_recently(const struct stream_table *table, uint32_t id);

void stream_table_clear(struct stream_table *table);
