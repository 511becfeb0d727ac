/* SPDX-License-Identifier: MIT */
/*
 * Faults of one stream, each beside a call of another caller on the same connection: it has to end
 * what is at fault, and never the neighbour. The rows are data, so that the guard's unit tests, the
 * end-to-end tests (by the program hostile_rows) and docs/hostile.md have one origin.
 */
#pragma once

#include "base/status.h"
#include "http2_caller.h"

#define NEIGHBOUR 1
#define CULPRIT 3

/* A part of what the caller sends. */
struct piece {
    enum {
        NOTHING,
        A_FRAME,
        A_REQUEST,   /* the usual one, and then these bytes of its block */
        TWO_PATHS,   /* the usual one with a second :path */
        IN_FRONT,    /* HEADERS with these bytes in front of the usual block, and `size` zeros
                        behind it when it is padded */
        LARGE_VALUE, /* the usual request with a value of `size` bytes, in several frames */
        ZEROS,       /* DATA of `size` zeros */
        A_MESSAGE,   /* DATA with a whole message */
        MANY,        /* `size` usual requests, on a stream each from `stream` on */
    } kind;
    uint8_t type, flags;
    uint32_t stream;
    struct text bytes;
    size_t size;
};

#define FRAME(frame_type, frame_flags, id, payload)                                                \
    {                                                                                              \
        .kind = A_FRAME, .type = FRAME_##frame_type, .flags = (frame_flags), .stream = (id),       \
        .bytes = {                                                                                 \
            "" payload,                                                                            \
            sizeof(payload) - 1                                                                    \
        }                                                                                          \
    }
#define REQUEST(frame_flags, more)                                                                 \
    {                                                                                              \
        .kind = A_REQUEST, .flags = (frame_flags), .stream = CULPRIT, .bytes = {                   \
            "" more,                                                                               \
            sizeof(more) - 1                                                                       \
        }                                                                                          \
    }
#define MESSAGE(frame_flags)                                                                       \
    {                                                                                              \
        .kind = A_MESSAGE, .flags = (frame_flags), .stream = CULPRIT                               \
    }

#define ROW_PIECES 7

/* A CreateApiGroup that passes all checks, and its size: the name is "culprit". */
#define CREATE                                                                                     \
    "\x0a\x20"                                                                                     \
    "0123456789abcdef0123456789abcdef"                                                             \
    "\x12\x20"                                                                                     \
    "f0fa17893b76433ba7879892951c620e"                                                             \
    "\x1a\x07"                                                                                     \
    "culprit"
#define CREATE_SIZE "\x4d"

/* The end of the stream at fault, or of the connection. */
enum outcome {
    SERVED,     /* the fault is none, or means nothing: C-core has the whole call, and the whole
                   program ends it with that grpc-status */
    STATUS,     /* the caller gets that grpc-status, and C-core no whole message */
    RESET,      /* the caller gets RST_STREAM with that error, and C-core no whole message */
    PENDING,    /* the call waits for the rest of its message */
    CONNECTION, /* the caller gets GOAWAY with that error */
};

struct row {
    const char *name;
    enum outcome outcome;
    unsigned code;
    uint32_t stream;    /* that is reset, or the last one that GOAWAY names; 0: see row_stream */
    struct field field; /* the usual call with that, when there are no pieces */
    struct piece pieces[ROW_PIECES];
};

extern const struct row hostile_frames[], hostile_headers[];
extern const size_t hostile_frames_count, hostile_headers_count;

/* The row's `stream`: when it names none, the culprit's, or the neighbour's for CONNECTION. */
uint32_t row_stream(const struct row *row);

/* Appends the bytes that the caller at fault sends. */
void put_row(struct output *bytes, const struct row *row);
