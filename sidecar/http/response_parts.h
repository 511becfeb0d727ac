/* SPDX-License-Identifier: MIT */
/*
 * The state of a response_reader and the meaning of the lines that it reads, for response_reader.c
 * alone, which cuts the stream into them.
 */
#pragma once

#include "http/response_reader.h"
#include "http/syntax.h"

/* All extensions of a response's chunks together; known servers send none. */
#define EXTENSION_BYTES 4096

/* The part that comes next. */
enum stage {
    STAGE_START,
    STAGE_STATUS_LINE,
    STAGE_FIELD_LINE,
    STAGE_COUNTED_BODY,
    STAGE_CHUNK_LINE,
    STAGE_CHUNK_BODY,
    STAGE_CHUNK_END,
    STAGE_TRAILER_LINE,
    STAGE_BODY_UNTIL_END,
    STAGE_COMPLETE,
};

struct http1_reader {
    struct arena *arena;
    struct http1_limits limits;
    bool head_request;

    enum stage stage;
    size_t matched;     /* bytes of STAGE_START's and STAGE_CHUNK_END's fixed text */
    struct buffer line; /* the beginning of a line that comes in pieces */
    size_t line_room;   /* bytes that the lines of this part of the response may still take */
    uint64_t remaining; /* bytes of the counted body or of the chunk that are still to come */
    size_t interim_count, trailer_count;

    unsigned minor_version, code; /* of the latest status line */
    struct http1_framing framing;
    struct http_field *fields;
    size_t field_count, field_room;
    struct buffer body;
    enum http1_fault fault;
};

/* The reader waits for the head of a response: a first one, or one that follows an interim one. */
void response_expect_head(struct http1_reader *reader);

/* Makes room for a part of the body whose size was announced. */
must_use bool response_expect_bytes(struct http1_reader *reader, uint64_t bytes,
                                    struct status *status);

/* A line without its end was read; its meaning sets the next stage. */
must_use bool response_read_status_line(struct http1_reader *reader, struct text line,
                                        struct status *status);
must_use bool response_read_field_line(struct http1_reader *reader, struct text line,
                                       struct status *status);
must_use bool response_read_chunk_line(struct http1_reader *reader, struct text line,
                                       struct status *status);
must_use bool response_read_trailer_line(struct http1_reader *reader, struct text line,
                                         struct status *status);

/* Fails because the arena is full. */
must_use bool response_exceeds_arena(struct http1_reader *reader, struct status *status);
