/* SPDX-License-Identifier: MIT */
/*
 * Faults of one stream, each beside a call of another caller on the same connection: it has to end
 * what is at fault, and never the neighbour. C-core's place is taken by nghttp2's server session,
 * for which everything that it gets has to be correct.
 */
#pragma once

#include "http2_peers.h"

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

#define ROW_PIECES 6

/* The end of the stream at fault, or of the connection. */
enum outcome {
    SERVED,     /* the fault is none, or means nothing: C-core has the whole call */
    STATUS,     /* the caller gets that grpc-status, and C-core no whole message */
    RESET,      /* the caller gets RST_STREAM with that error, and C-core no whole message */
    PENDING,    /* the call waits for the rest of its message */
    CONNECTION, /* the caller gets GOAWAY with that error */
};

struct row {
    const char *name;
    enum outcome outcome;
    unsigned code;
    struct field field; /* the usual call with that, when there are no pieces */
    struct piece pieces[ROW_PIECES];
};

/* Plays each row as a test, and again with the input cut into pieces, which must change nothing. */
int run_rows(const struct row *rows, size_t count);
