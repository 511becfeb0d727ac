/* SPDX-License-Identifier: MIT */
/*
 * HTTP/2 frames (RFC 9113 section 4): their terms, reading them from a stream of bytes that comes
 * in pieces of any size, and writing them. A frame is given out whole; one that is to be dropped is
 * skipped without being kept. Pure; one thread at a time for each reader.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "http2/output.h"

#define FRAME_HEAD_BYTES 9
#define FRAME_PAYLOAD_LIMIT 16384 /* the least SETTINGS_MAX_FRAME_SIZE, section 6.5.2 */
#define STREAM_ID_LIMIT 0x7fffffffU

/* Section 6. */
enum frame_type {
    FRAME_DATA,
    FRAME_HEADERS,
    FRAME_PRIORITY,
    FRAME_RST_STREAM,
    FRAME_SETTINGS,
    FRAME_PUSH_PROMISE,
    FRAME_PING,
    FRAME_GOAWAY,
    FRAME_WINDOW_UPDATE,
    FRAME_CONTINUATION,
    FRAME_TYPES
};

enum frame_flag {
    FLAG_END_STREAM = 0x1,
    FLAG_ACK = 0x1,
    FLAG_END_HEADERS = 0x4,
    FLAG_PADDED = 0x8,
    FLAG_PRIORITY = 0x20,
};

/* Section 7. */
enum http2_error {
    HTTP2_NO_ERROR,
    HTTP2_PROTOCOL_ERROR,
    HTTP2_INTERNAL_ERROR,
    HTTP2_FLOW_CONTROL_ERROR,
    HTTP2_SETTINGS_TIMEOUT,
    HTTP2_STREAM_CLOSED,
    HTTP2_FRAME_SIZE_ERROR,
    HTTP2_REFUSED_STREAM,
    HTTP2_CANCEL,
    HTTP2_COMPRESSION_ERROR,
    HTTP2_CONNECT_ERROR,
    HTTP2_ENHANCE_YOUR_CALM,
};

struct frame {
    uint32_t size; /* of the payload */
    uint32_t stream;
    uint8_t type, flags;
    const uint8_t *payload; /* NULL as long as only the head is there */
};

/* Zeroed memory is a reader that stands before a frame. */
struct frame_reader {
    struct frame frame;
    uint8_t head[FRAME_HEAD_BYTES];
    size_t head_size;
    struct output payload; /* what has come of a payload that is cut by the end of the input */
    size_t to_skip;
    uint8_t first_skipped; /* the first byte of a payload that is skipped */
};

/* Input that is consumed from its front. */
struct input {
    const uint8_t *data;
    size_t size;
};

/* Reads on until the head of a frame is there; false when the input ends before. */
must_use bool frame_reader_head(struct frame_reader *reader, struct input *input);

/* Reads on until the frame whose head was given out is whole: true when reader->frame.payload is
 * set. It is valid until the next call. */
must_use bool frame_reader_payload(struct frame_reader *reader, struct input *input);

/* The same for a frame whose payload nobody needs: true when it has passed. */
must_use bool frame_reader_skip(struct frame_reader *reader, struct input *input);

/* The frame was handled; the next one begins. */
void frame_reader_next(struct frame_reader *reader);

void frame_reader_clear(struct frame_reader *reader);

/* Removes padding (section 6.1) from a DATA or HEADERS frame; false when there is more padding than
 * payload. */
must_use bool frame_remove_padding(struct frame *frame);

static inline uint32_t frame_read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* A 31-bit number whose first bit is reserved: a stream's id or an increment. */
static inline uint32_t frame_read_u31(const uint8_t *at)
{
    return frame_read_u32(at) & STREAM_ID_LIMIT;
}

void frame_write_u32(uint8_t *at, uint32_t number);

/* Writes a frame's head at `at`, where FRAME_HEAD_BYTES are. */
void frame_write_head(uint8_t *at, const struct frame *head);

/* Appends a whole frame; its payload is not NULL when its size is above 0. */
void frame_write(struct output *output, const struct frame *frame);

void frame_write_rst_stream(struct output *output, uint32_t stream, enum http2_error error);
void frame_write_window_update(struct output *output, uint32_t stream, uint32_t increment);
void frame_write_goaway(struct output *output, uint32_t last_stream, enum http2_error error);

/* `value` has 8 bytes. */
void frame_write_ping_ack(struct output *output, const uint8_t *value);
