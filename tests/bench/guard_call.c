/* SPDX-License-Identifier: MIT */
#include "guard_call.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "http2/guard.h"
#include "http2/header_block.h"
#include "http2/preface.h"

#include "base/banned.h"

/* After so many calls the client's header table does not change any more. */
#define WARM_CALLS 3

struct guard_calls {
    struct guard *guard;
    struct guard_settings settings;
    struct guard_hooks hooks;
    struct guard_outputs outputs;
    struct output request, response; /* their frames have the stream of the next call */
    uint32_t stream;
};

#define field(field_name, field_value, field_flags)                                                \
    {                                                                                              \
        .name = (uint8_t[]){field_name}, .value = (uint8_t[]){field_value},                        \
        .namelen = sizeof(field_name) - 1, .valuelen = sizeof(field_value) - 1,                    \
        .flags = (field_flags)                                                                     \
    }

/* What clients send; the timeout differs from call to call and is not kept in the table. */
static nghttp2_nv request_fields[] = {
    field(":method", "POST", 0),
    field(":scheme", "http", 0),
    field(":path", "/huaweicloud.apig.v2.ApiGroupService/CreateApiGroup", 0),
    field(":authority", "127.0.0.1:8080", 0),
    field("te", "trailers", 0),
    field("content-type", "application/grpc", 0),
    field("user-agent", "grpc-python/1.51.1 grpc-c/29.0.0 (linux; chttp2)", 0),
    field("grpc-accept-encoding", "identity, deflate, gzip", 0),
    field("accept-encoding", "identity, gzip", 0),
    field("grpc-timeout", "9998m", NGHTTP2_NV_FLAG_NO_INDEX),
};

static size_t deflate_request(nghttp2_hd_deflater *deflater, uint8_t *at, size_t room)
{
    ssize_t size =
        nghttp2_hd_deflate_hd(deflater, at, room, request_fields, array_length(request_fields));
    return size > 0 ? (size_t)size : 0;
}

static void put(struct output *output, enum frame_type type, uint8_t flags, const void *payload,
                size_t size)
{
    frame_write(output, &(struct frame){.size = (uint32_t)size,
                                        .type = (uint8_t)type,
                                        .flags = flags,
                                        .payload = payload});
}

static void put_message(struct output *output, uint8_t flags, uint8_t size)
{
    uint8_t message[5 + 255] = {0, 0, 0, 0, size};
    put(output, FRAME_DATA, flags, message, 5U + size);
}

/* The frames of a call have the stream 0 until it is set. */
static void set_stream(struct output *frames, uint32_t stream)
{
    for (size_t at = 0; at < frames->size;) {
        uint8_t *head = frames->data + at;
        frame_write_u32(head + 5, stream);
        at += FRAME_HEAD_BYTES + ((size_t)head[1] << 8 | head[2]);
    }
}

static void put_fields(struct output *output, uint8_t flags, const char *const *fields)
{
    size_t start = header_frame_begin(output);
    for (size_t i = 0; fields[i]; i += 2)
        header_write(output, text_of(fields[i]), text_of(fields[i + 1]));
    header_frame_end(output, start, 0, flags);
}

static void make_response(struct output *response)
{
    static const char *const head[] = {":status",
                                       "200",
                                       "content-type",
                                       "application/grpc",
                                       "grpc-accept-encoding",
                                       "identity, deflate, gzip",
                                       NULL};
    static const char *const trailers[] = {"grpc-status", "0", "grpc-message", "", NULL};
    put_fields(response, 0, head);
    put_message(response, 0, 250);
    put_fields(response, FLAG_END_STREAM, trailers);
}

static void send_request(struct guard_calls *calls)
{
    set_stream(&calls->request, calls->stream);
    guard_from_caller(calls->guard, calls->request.data, calls->request.size, 1, &calls->outputs);
}

static void respond(struct guard_calls *calls)
{
    set_stream(&calls->response, calls->stream);
    guard_from_core(calls->guard, calls->response.data, calls->response.size, 1, &calls->outputs);
}

/* Windows as large as they may be, so that calls need no updates. */
static void open_windows(struct guard_calls *calls)
{
    struct output frames = {0};
    frame_write_window_update(&frames, 0, 0x7fff0000);
    guard_from_core(calls->guard, frames.data, frames.size, 1, &calls->outputs);
    output_clear(&frames);
}

static void connect(struct guard_calls *calls)
{
    struct output first = {0};
    output_add(&first, PREFACE, PREFACE_BYTES);
    put(&first, FRAME_SETTINGS, 0, NULL, 0);
    put(&first, FRAME_SETTINGS, FLAG_ACK, NULL, 0);
    guard_from_caller(calls->guard, first.data, first.size, 1, &calls->outputs);
    output_clear(&first);
    open_windows(calls);
}

void guard_calls_run(struct guard_calls *calls)
{
    calls->outputs.to_core.size = calls->outputs.to_caller.size = 0;
    calls->stream += 2;
    send_request(calls);
    respond(calls);
    if (guard_open_streams(calls->guard) != 0 || guard_state(calls->guard) != GUARD_OPEN)
        abort();
}

static void warm_up(struct guard_calls *calls, nghttp2_hd_deflater *deflater)
{
    uint8_t block[1024];
    calls->request.size = 0;
    put(&calls->request, FRAME_HEADERS, FLAG_END_HEADERS, block,
        deflate_request(deflater, block, sizeof block));
    put_message(&calls->request, FLAG_END_STREAM, 150);
    guard_calls_run(calls);
}

struct guard_calls *guard_calls_new(void)
{
    struct guard_calls *calls = memory_expect(calloc(1, sizeof *calls));
    nghttp2_hd_deflater *deflater;
    calls->settings =
        (struct guard_settings){.max_streams = 1000,
                                .fields = {.list_size = 16384, .list_count = 100},
                                .max_message = 65536,
                                .idle_frames = {.per_second = 1000, .per_stream = 10}};
    calls->guard = guard_new(&calls->settings, &calls->hooks, 1);
    calls->stream = UINT32_MAX;
    if (nghttp2_hd_deflate_new(&deflater, 4096) != 0)
        memory_expect(NULL);
    connect(calls);
    make_response(&calls->response);
    for (int i = 0; i < WARM_CALLS; i++)
        warm_up(calls, deflater);
    nghttp2_hd_deflate_del(deflater);
    return calls;
}

void guard_calls_free(struct guard_calls *calls)
{
    guard_free(calls->guard);
    output_clear(&calls->outputs.to_core);
    output_clear(&calls->outputs.to_caller);
    output_clear(&calls->request);
    output_clear(&calls->response);
    free(calls);
}
