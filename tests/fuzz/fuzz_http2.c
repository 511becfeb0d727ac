/* SPDX-License-Identifier: MIT */
/*
 * Can any bytes of a caller make the guard pass something to C-core that is an error to nghttp2's
 * server session, or write something to the caller that is not made of whole frames and header
 * blocks? The output must not depend on how the input is cut. The first byte says how.
 */
#include <stdlib.h>

#include "http2/preface.h"
#include "http2_peers.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send_all(struct peers *peers, struct text bytes)
{
    struct output output = {0};
    output_add(&output, PREFACE, PREFACE_BYTES);
    output_add(&output, bytes.data, bytes.size);
    caller_sends(peers, &output);
}

/* C-core answers whatever it has, in this order. */
static void respond(struct peers *peers)
{
    for (uint32_t id = 1; id <= peers->last_stream; id += 2)
        if (peers->streams[id].ended && !peers->streams[id].reset &&
            nghttp2_session_find_stream(peers->core, (int32_t)id))
            core_responds(peers, id);
}

static void play(struct text bytes)
{
    struct peers peers;
    peers_init(&peers);
    send_all(&peers, bytes);
    respond(&peers);
    guard_tick(peers.guard, 100 * FRAME_BUDGET_SECOND, &peers.outputs);
    core_sends(&peers);
    size_t whole = 0, index = 0;
    for (struct frame frame; caller_got(&peers, index, &frame) && index < 200; index++)
        whole += FRAME_HEAD_BYTES + frame.size;
    if (index < 200 && whole != peers.to_caller.size)
        abort();
    (void)got_header(&peers, 1, "grpc-status");
    peers_clear(&peers);
}

/* Feeds a guard without C-core, in pieces. */
static struct guard_outputs feed(struct text bytes, size_t piece)
{
    static const struct guard_settings settings = {
        .max_streams = 4,
        .fields = {.list_size = 1024, .list_count = 20},
        .max_message = 100,
        .idle_frames = {.per_second = 1000, .per_stream = 10}};
    static const struct guard_hooks hooks = {.context = NULL};
    struct guard_outputs outputs = {0};
    struct guard *guard = guard_new(&settings, &hooks, 1);
    guard_from_caller(guard, (const uint8_t *)PREFACE, PREFACE_BYTES, 1, &outputs);
    for (size_t at = 0; at < bytes.size; at += piece) {
        size_t left = bytes.size - at;
        guard_from_caller(guard, (const uint8_t *)bytes.data + at, left < piece ? left : piece, 1,
                          &outputs);
    }
    guard_free(guard);
    return outputs;
}

static void expect_same(struct output *a, struct output *b)
{
    if (a->size != b->size || memcmp(a->data, b->data, a->size) != 0)
        abort();
    output_clear(a);
    output_clear(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct text bytes = {(const char *)data + 1, size - 1};
    play(bytes);
    struct guard_outputs whole = feed(bytes, size);
    struct guard_outputs cut = feed(bytes, 1 + data[0] % 32);
    expect_same(&whole.to_core, &cut.to_core);
    expect_same(&whole.to_caller, &cut.to_caller);
    return 0;
}
