/* SPDX-License-Identifier: MIT */
/*
 * A caller that writes and reads HTTP/2 frame by frame (RFC 9113), for facts that a gRPC client
 * hides or would not do. It asks for header blocks without a dynamic table, so that names and
 * values stand in them as text. Include cmocka.h first.
 */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "base/compiler.h"
#include "base/text.h"
#include "loop.h"

enum {
    H2_DATA = 0,
    H2_HEADERS = 1,
    H2_RST_STREAM = 3,
    H2_SETTINGS = 4,
    H2_PING = 6,
    H2_GOAWAY = 7,
    H2_WINDOW_UPDATE = 8
};
enum { H2_END_STREAM = 1, H2_ACK = 1, H2_END_HEADERS = 4 };

#define H2_FRAME_BYTES 16384
#define H2_HEAD_BYTES 9

struct h2 {
    struct event_base *loop; /* that the server needs; NULL for none */
    int fd;
    uint32_t next; /* stream */
    size_t taken, count;
    bool has_ended; /* by the peer */
    unsigned char bytes[1 << 17];
};

/* The payload is a view of the bytes that were read last. */
struct h2_frame {
    uint8_t kind, flags;
    uint32_t stream;
    struct text payload;
};

struct h2_field {
    const char *name, *value;
};

/* False when the peer has closed. */
static inline bool h2_try_send(struct h2 *h2, uint8_t kind, uint8_t flags, uint32_t stream,
                               struct text payload)
{
    unsigned char frame[H2_HEAD_BYTES + H2_FRAME_BYTES] = {0, (uint8_t)(payload.size >> 8),
                                                           (uint8_t)payload.size, kind, flags};
    uint32_t ordered = htonl(stream);
    assert_true(payload.size <= H2_FRAME_BYTES);
    memcpy(frame + 5, &ordered, sizeof ordered);
    if (payload.size)
        memcpy(frame + H2_HEAD_BYTES, payload.data, payload.size);
    ssize_t size = (ssize_t)(H2_HEAD_BYTES + payload.size);
    return send(h2->fd, frame, (size_t)size, MSG_NOSIGNAL) == size;
}

static inline void h2_send(struct h2 *h2, uint8_t kind, uint8_t flags, uint32_t stream,
                           struct text payload)
{
    assert_true(h2_try_send(h2, kind, flags, stream, payload));
}

static inline void h2_connect(struct h2 *h2, struct event_base *loop, uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *h2 = (struct h2){.loop = loop, .fd = socket(AF_INET, SOCK_STREAM, 0), .next = 1};
    assert_int_equal(connect(h2->fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(h2->fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24, MSG_NOSIGNAL), 24);
    h2_send(h2, H2_SETTINGS, 0, 0, text_literal("\0\1\0\0\0\0")); /* HEADER_TABLE_SIZE 0 */
}

static inline void h2_close(struct h2 *h2)
{
    close(h2->fd);
}

static inline size_t h2_add_string(char *at, const char *string)
{
    size_t size = strlen(string);
    assert_true(size < 127);
    at[0] = (char)size;
    memcpy(at + 1, string, size);
    return 1 + size;
}

/* As literals without indexing, with new names (RFC 7541 section 6.2.2), up to the one without. */
static inline size_t h2_add_fields(char *at, const struct h2_field *fields)
{
    size_t size = 0;
    for (; fields->name; fields++) {
        at[size++] = 0;
        size += h2_add_string(at + size, fields->name);
        size += h2_add_string(at + size, fields->value);
    }
    return size;
}

/* Opens the next stream, with the fields of any gRPC request and `more`, which ends with a field
 * without a name; NULL for none. */
static inline uint32_t h2_open(struct h2 *h2, const char *path, uint8_t flags,
                               const struct h2_field *more)
{
    const struct h2_field usual[] = {{":method", "POST"}, {":scheme", "http"},
                                     {":path", path},     {":authority", "server"},
                                     {"te", "trailers"},  {"content-type", "application/grpc"},
                                     {NULL, NULL}};
    char block[2048];
    uint32_t stream = h2->next;
    size_t size = h2_add_fields(block, usual);
    if (more)
        size += h2_add_fields(block + size, more);
    h2->next += 2;
    h2_send(h2, H2_HEADERS, flags | H2_END_HEADERS, stream, (struct text){block, size});
    return stream;
}

/* Sends a message, in as many frames as it needs, and the end of the stream. */
static inline void h2_message(struct h2 *h2, uint32_t stream, bool is_packed, struct text message)
{
    char whole[65536];
    uint32_t ordered = htonl((uint32_t)message.size);
    size_t size = 5 + message.size, part;
    assert_true(size <= sizeof whole);
    whole[0] = (char)is_packed;
    memcpy(whole + 1, &ordered, sizeof ordered);
    if (message.size)
        memcpy(whole + 5, message.data, message.size);
    for (size_t at = 0; at < size; at += part) {
        part = size - at < H2_FRAME_BYTES ? size - at : H2_FRAME_BYTES;
        h2_send(h2, H2_DATA, at + part == size ? H2_END_STREAM : 0, stream,
                (struct text){whole + at, part});
    }
}

/* The same of what gzip makes of it. */
static inline void h2_packed_message(struct h2 *h2, uint32_t stream, struct text message)
{
    unsigned char packed[65536];
    z_stream zip = {.next_in = (unsigned char *)(uintptr_t)message.data,
                    .avail_in = (unsigned)message.size,
                    .next_out = packed,
                    .avail_out = sizeof packed};
    assert_int_equal(
        deflateInit2(&zip, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&zip, Z_FINISH), Z_STREAM_END);
    deflateEnd(&zip);
    h2_message(h2, stream, true, (struct text){(char *)packed, zip.total_out});
}

/* Opens a stream and sends an empty message. */
static inline uint32_t h2_call(struct h2 *h2, const char *path, const struct h2_field *more)
{
    uint32_t stream = h2_open(h2, path, 0, more);
    h2_message(h2, stream, false, text_literal(""));
    return stream;
}

static inline void h2_reset(struct h2 *h2, uint32_t stream)
{
    h2_send(h2, H2_RST_STREAM, 0, stream, text_literal("\0\0\0\x08")); /* CANCEL */
}

/* Receives what is there; runs the server's loop meanwhile. */
static inline void h2_receive(struct h2 *h2)
{
    struct pollfd readable = {.fd = h2->fd, .events = POLLIN};
    if (h2->loop)
        event_base_loop(h2->loop, EVLOOP_NONBLOCK);
    if (poll(&readable, 1, 2) == 0)
        return;
    memmove(h2->bytes, h2->bytes + h2->taken, h2->count - h2->taken);
    h2->count -= h2->taken;
    h2->taken = 0;
    ssize_t got = recv(h2->fd, h2->bytes + h2->count, sizeof h2->bytes - h2->count, 0);
    h2->has_ended = got <= 0;
    h2->count += got > 0 ? (size_t)got : 0;
}

/* The next frame of those that have been received; false when none is whole. */
static inline bool h2_take(struct h2 *h2, struct h2_frame *frame)
{
    const unsigned char *at = h2->bytes + h2->taken;
    size_t left = h2->count - h2->taken;
    if (left < H2_HEAD_BYTES)
        return false;
    size_t size = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
    if (left < H2_HEAD_BYTES + size)
        return false;
    *frame = (struct h2_frame){at[3],
                               at[4],
                               (uint32_t)at[5] << 24 | (uint32_t)at[6] << 16 |
                                   (uint32_t)at[7] << 8 | at[8],
                               {(const char *)at + H2_HEAD_BYTES, size}};
    h2->taken += H2_HEAD_BYTES + size;
    return true;
}

/* True for frames that only keep a connection up, which are acknowledged where they have to be. */
static inline bool h2_is_upkeep(struct h2 *h2, const struct h2_frame *frame)
{
    bool is_new = !(frame->flags & H2_ACK);
    if (frame->kind == H2_PING && is_new)
        (void)h2_try_send(h2, H2_PING, H2_ACK, 0, frame->payload);
    if (frame->kind == H2_SETTINGS && is_new)
        (void)h2_try_send(h2, H2_SETTINGS, H2_ACK, 0, text_literal(""));
    return frame->kind == H2_PING || frame->kind == H2_SETTINGS || frame->kind == H2_WINDOW_UPDATE;
}

/* Waits for the next frame that is not upkeep; false when the peer has ended the connection. */
static inline bool h2_next(struct h2 *h2, struct h2_frame *frame)
{
    *frame = (struct h2_frame){0};
    for (int64_t end_ns = clock_now_ns() + LOOP_PATIENCE_NS; clock_now_ns() < end_ns;) {
        if (h2_take(h2, frame)) {
            if (!h2_is_upkeep(h2, frame))
                return true;
        } else if (h2->has_ended) {
            return false;
        } else {
            h2_receive(h2);
        }
    }
    fail_msg("no frame came");
    return false;
}

/* The same, and it has to be of that kind and stream. */
static inline void h2_expect(struct h2 *h2, uint8_t kind, uint32_t stream, struct h2_frame *frame)
{
    if (!h2_next(h2, frame))
        fail_msg("the connection has ended");
    if (frame->kind != kind || frame->stream != stream)
        fail_msg("a frame of kind %u came on stream %u", frame->kind, frame->stream);
}

/* Whether a header block has that field. */
static inline bool h2_has(const struct h2_frame *frame, const char *name, const char *value)
{
    char field[256];
    size_t size = h2_add_string(field, name);
    size += h2_add_string(field + size, value);
    return memmem(frame->payload.data, frame->payload.size, field, size);
}
