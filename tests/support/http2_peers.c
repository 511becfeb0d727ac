/* SPDX-License-Identifier: MIT */
#include "http2_peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "http2/header_block.h"
#include "http2/preface.h"

#include "base/banned.h"

#define CORE_WINDOW 4194303

static struct core_stream *stream_of(void *context, int32_t id)
{
    struct peers *peers = context;
    size_t index = id < CORE_STREAMS ? (size_t)id : 0;
    if (index > peers->last_stream)
        peers->last_stream = index;
    return &peers->streams[index];
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    (void)session;
    stream_of(context, frame->hd.stream_id)->opened = true;
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *context)
{
    (void)session, (void)flags;
    struct output *headers = &stream_of(context, frame->hd.stream_id)->headers;
    output_add(headers, name, name_size);
    output_add(headers, ": ", 2);
    output_add(headers, value, value_size);
    output_add(headers, "\n", 1);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t size, void *context)
{
    (void)session, (void)flags;
    output_add(&stream_of(context, id)->data, data, size);
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    (void)session;
    bool carries_end = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (carries_end && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        stream_of(context, frame->hd.stream_id)->ended = true;
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        stream_of(context, frame->hd.stream_id)->reset = true;
    return 0;
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error,
                            void *context)
{
    (void)session, (void)context;
    fail_msg("C-core got a frame of type %d on stream %d that is wrong: %s", frame->hd.type,
             frame->hd.stream_id, nghttp2_strerror(error));
    return 0;
}

static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags,
                             void *context)
{
    (void)session, (void)frame, (void)value, (void)flags, (void)context;
    fail_msg("C-core got a header that is wrong: %s",
             (const char *)nghttp2_rcbuf_get_buf(name).base);
    return 0;
}

static nghttp2_session *core_new(struct peers *peers)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    nghttp2_session *session;
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    assert_int_equal(nghttp2_option_new(&option), 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, on_invalid_header);
    nghttp2_option_set_max_outbound_ack(option, 1 << 20);
    nghttp2_option_set_stream_reset_rate_limit(option, 1 << 20, 1 << 20);
    assert_int_equal(nghttp2_session_server_new2(&session, callbacks, peers, option), 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    return session;
}

static void start(struct peers *peers)
{
    peers->guard = guard_new(&peers->settings, &peers->hooks, peers->now_ns);
    peers->core = core_new(peers);
    peers->streams = memory_expect(calloc(CORE_STREAMS, sizeof *peers->streams));
    /* Windows as large as C-core's. */
    nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, CORE_WINDOW};
    assert_int_equal(nghttp2_submit_settings(peers->core, 0, &window, 1), 0);
    assert_int_equal(nghttp2_session_set_local_window_size(peers->core, 0, 0, CORE_WINDOW), 0);
}

static void stop(struct peers *peers)
{
    guard_free(peers->guard);
    nghttp2_session_del(peers->core);
    for (size_t i = 0; i <= peers->last_stream; i++) {
        output_clear(&peers->streams[i].headers);
        output_clear(&peers->streams[i].data);
    }
    free(peers->streams);
    peers->last_stream = 0;
    output_clear(&peers->outputs.to_core);
    output_clear(&peers->outputs.to_caller);
    output_clear(&peers->to_caller);
    output_clear(&peers->to_core);
}

void peers_init(struct peers *peers)
{
    *peers = (struct peers){
        .settings = {.call_field = text_literal("x-call"),
                     .max_streams = 1000,
                     .fields = {.list_size = 16384, .list_count = 100},
                     .max_message = 65536,
                     .message_timeout_ns = 30 * FRAME_BUDGET_SECOND,
                     .idle_frames = {.per_second = 1000, .per_stream = 10}},
        .now_ns = FRAME_BUDGET_SECOND,
    };
    start(peers);
}

void peers_clear(struct peers *peers)
{
    stop(peers);
}

void peers_restart(struct peers *peers)
{
    stop(peers);
    start(peers);
}

/* Moves what the guard has written for the caller to what was seen of it. */
static void collect(struct peers *peers)
{
    output_add(&peers->to_caller, peers->outputs.to_caller.data, peers->outputs.to_caller.size);
    peers->outputs.to_caller.size = 0;
}

/* True when C-core got something. */
static bool deliver_to_core(struct peers *peers)
{
    struct output *output = &peers->outputs.to_core;
    size_t size = output->size;
    output_add(&peers->to_core, output->data, size);
    ssize_t used = nghttp2_session_mem_recv(peers->core, output->data, size);
    if (used < 0 || (size_t)used != size)
        fail_msg("C-core does not read what it got: %s",
                 nghttp2_strerror(used < 0 ? (int)used : 0));
    output->size = 0;
    return size > 0;
}

static bool deliver_from_core(struct peers *peers)
{
    const uint8_t *data;
    bool sent = false;
    for (ssize_t size; (size = nghttp2_session_mem_send(peers->core, &data)) > 0; sent = true)
        guard_from_core(peers->guard, data, (size_t)size, peers->now_ns, &peers->outputs);
    return sent;
}

void core_sends(struct peers *peers)
{
    bool more = true;
    while (more) {
        more = deliver_to_core(peers);
        more |= deliver_from_core(peers);
    }
    collect(peers);
}

static void feed(struct peers *peers, const struct output *bytes)
{
    size_t piece = peers->piece ? peers->piece : bytes->size;
    for (size_t at = 0; at < bytes->size; at += piece) {
        size_t left = bytes->size - at;
        guard_from_caller(peers->guard, bytes->data + at, left < piece ? left : piece,
                          peers->now_ns, &peers->outputs);
    }
}

void caller_sends(struct peers *peers, struct output *bytes)
{
    feed(peers, bytes);
    output_clear(bytes);
    core_sends(peers);
}

void caller_connects(struct peers *peers)
{
    struct output bytes = {0};
    put_preface(&bytes);
    caller_sends(peers, &bytes);
    put_frame(&bytes, FRAME_SETTINGS, FLAG_ACK, 0, text_literal(""));
    put_frame(&bytes, FRAME_SETTINGS, FLAG_ACK, 0, text_literal(""));
    caller_sends(peers, &bytes);
}

int peers_set_up(void **state)
{
    static struct peers peers;
    peers_init(&peers);
    caller_connects(&peers);
    *state = &peers;
    return 0;
}

int peers_tear_down(void **state)
{
    peers_clear(*state);
    return 0;
}

void caller_calls(struct peers *peers, uint32_t stream)
{
    struct output bytes = {0};
    put_request(&bytes, stream, 0);
    put_message(&bytes, stream, FLAG_END_STREAM, text_literal("create"));
    caller_sends(peers, &bytes);
}

static ssize_t read_response(nghttp2_session *session, int32_t id, uint8_t *at, size_t room,
                             uint32_t *flags, nghttp2_data_source *source, void *context)
{
    (void)source, (void)context;
    static const uint8_t message[] = {0, 0, 0, 0, 2, 'o', 'k'};
    nghttp2_nv trailer = {.name = (uint8_t *)(uintptr_t) "grpc-status",
                          .value = (uint8_t *)(uintptr_t) "0",
                          .namelen = 11,
                          .valuelen = 1};
    size_t size = sizeof message < room ? sizeof message : room;
    memcpy(at, message, size);
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    assert_int_equal(nghttp2_submit_trailer(session, id, &trailer, 1), 0);
    return (ssize_t)size;
}

void core_responds(struct peers *peers, uint32_t stream)
{
    nghttp2_nv headers[] = {{.name = (uint8_t *)(uintptr_t) ":status",
                             .value = (uint8_t *)(uintptr_t) "200",
                             .namelen = 7,
                             .valuelen = 3},
                            {.name = (uint8_t *)(uintptr_t) "content-type",
                             .value = (uint8_t *)(uintptr_t) "application/grpc",
                             .namelen = 12,
                             .valuelen = 16}};
    nghttp2_data_provider provider = {.read_callback = read_response};
    assert_int_equal(nghttp2_submit_response(peers->core, (int32_t)stream, headers,
                                             array_length(headers), &provider),
                     0);
    core_sends(peers);
}

static bool next_frame(struct input *input, struct frame *frame)
{
    struct frame_reader reader = {0};
    if (!frame_reader_head(&reader, input) || !frame_reader_payload(&reader, input))
        return false;
    *frame = reader.frame;
    return true;
}

bool caller_got(const struct peers *peers, size_t index, struct frame *frame)
{
    struct input input = {peers->to_caller.data, peers->to_caller.size};
    for (size_t i = 0; i <= index; i++)
        if (!next_frame(&input, frame))
            return false;
    return true;
}

size_t count_got(const struct peers *peers, uint8_t type, uint32_t stream)
{
    struct input input = {peers->to_caller.data, peers->to_caller.size};
    size_t count = 0;
    for (struct frame frame; next_frame(&input, &frame);)
        count += frame.type == type && frame.stream == stream;
    return count;
}

size_t count_passed(const struct peers *peers, uint8_t type, uint8_t flags)
{
    struct input input = {peers->to_core.data + PREFACE_BYTES, peers->to_core.size - PREFACE_BYTES};
    size_t count = 0;
    for (struct frame frame; next_frame(&input, &frame);)
        count += frame.type == type && frame.flags == flags;
    return count;
}

size_t got_credit(const struct peers *peers, uint32_t stream)
{
    struct input input = {peers->to_caller.data, peers->to_caller.size};
    size_t credit = 0;
    for (struct frame frame; next_frame(&input, &frame);)
        if (frame.type == FRAME_WINDOW_UPDATE && frame.stream == stream)
            credit += frame_read_u31(frame.payload);
    return credit;
}

bool got_reset(const struct peers *peers, uint32_t stream, enum http2_error error)
{
    struct input input = {peers->to_caller.data, peers->to_caller.size};
    for (struct frame frame; next_frame(&input, &frame);)
        if (frame.type == FRAME_RST_STREAM && frame.stream == stream)
            return frame_read_u32(frame.payload) == error;
    return false;
}

bool got_goaway(const struct peers *peers, enum http2_error error, uint32_t *last_stream)
{
    struct input input = {peers->to_caller.data, peers->to_caller.size};
    for (struct frame frame; next_frame(&input, &frame);) {
        if (frame.type != FRAME_GOAWAY)
            continue;
        *last_stream = frame_read_u31(frame.payload);
        return frame_read_u32(frame.payload + 4) == error;
    }
    return false;
}

/* A header that is looked for in blocks that come one after the other. */
struct search {
    struct text name;
    bool on_stream;
    char value[16384];
    bool found;
};

static void compare(void *context, struct text name, struct text value)
{
    struct search *search = context;
    if (!search->on_stream || !text_equal(name, search->name))
        return;
    search->found = true;
    snprintf(search->value, sizeof search->value, "%.*s", text_arguments(value));
}

const char *got_header(const struct peers *peers, uint32_t stream, const char *name)
{
    static struct search search;
    struct input input = {peers->to_caller.data, peers->to_caller.size};
    struct nghttp2_hd_inflater *inflater = header_inflater_new();
    search = (struct search){.name = text_of(name)};
    for (struct frame frame; next_frame(&input, &frame);) {
        if (frame.type != FRAME_HEADERS)
            continue;
        assert_true(frame.flags & FLAG_END_HEADERS);
        search.on_stream = frame.stream == stream;
        assert_true(header_block_decode(inflater, (struct input){frame.payload, frame.size},
                                        compare, &search));
    }
    header_inflater_free(inflater);
    return search.found ? search.value : NULL;
}

int got_status(const struct peers *peers, uint32_t stream)
{
    const char *status = got_header(peers, stream, "grpc-status");
    return status ? (int)strtol(status, NULL, 10) : -1;
}
