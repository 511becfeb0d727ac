/* SPDX-License-Identifier: MIT */
/*
 * C-core's frames, on their way to the caller. Frames on a stream that has been ended are
 * dropped; its header blocks refer to no dynamic table, because it was given one of 0 bytes, so
 * that they can be dropped as well. So are the response headers that the guard has sent itself.
 */
#include "http2/guard_state.h"
#include "http2/reply.h"
#include "http2/settings.h"

#include "base/banned.h"

static bool ends(uint8_t flags)
{
    return (flags & FLAG_END_STREAM) != 0;
}

/* A stream on which C-core may still write. */
static struct stream *find(const struct guard *guard, uint32_t id)
{
    struct stream *stream = stream_table_find(&guard->streams, id);
    return stream && !stream->core_ended ? stream : NULL;
}

static void end_core_side(struct guard *guard, struct stream *stream)
{
    stream->core_ended = true;
    if (stream->caller_ended)
        guard_forget(guard, stream, GUARD_COMPLETE);
}

static void core_data(struct guard *guard, struct frame *frame)
{
    struct stream *stream = find(guard, frame->stream);
    if (!stream) {
        if (frame->size > 0)
            frame_write_window_update(&guard->outputs->to_core, 0, frame->size);
        return;
    }
    frame_write(&guard->outputs->to_caller, frame);
    flow_sent(&guard->flow, stream, frame->size);
    if (ends(frame->flags))
        end_core_side(guard, stream);
}

/* A caller that has set another size of the dynamic table expects the first block to begin with an
 * update; the block in which C-core made it may have been dropped. */
static void write_table_update(struct guard *guard, struct input block)
{
    bool updates = block.size > 0 && (block.data[0] & 0xe0) == TABLE_SIZE_UPDATE_TO_0;
    if (!guard->caller_table_is_0 && !updates)
        *output_extend(&guard->outputs->to_caller, 1) = TABLE_SIZE_UPDATE_TO_0;
    guard->caller_table_is_0 = true;
}

static void write_block(struct guard *guard, uint32_t id, uint8_t flags, struct input block)
{
    struct output *to_caller = &guard->outputs->to_caller;
    size_t start = header_frame_begin(to_caller);
    write_table_update(guard, block);
    output_add(to_caller, block.data, block.size);
    header_frame_end(to_caller, start, id, flags);
}

/* A first block that ends the stream has headers and trailers, of which the trailers are passed. */
static void pass_block(struct guard *guard, uint32_t id, uint8_t flags, struct input block)
{
    struct stream *stream = find(guard, id);
    if (!stream)
        return;
    if (!stream->is_committed)
        write_block(guard, id, flags, block);
    else if (ends(flags) && !reply_write_trailers(&guard->outputs->to_caller, id, block)) {
        guard_stream_error(guard, stream, HTTP2_INTERNAL_ERROR);
        return;
    }
    stream->is_committed = false;
    stream->core_headers = true;
    if (ends(flags))
        end_core_side(guard, stream);
}

/* Nothing may stand between the frames of a block, so that they are passed on together. */
static void take_part(struct guard *guard, const struct frame *frame)
{
    struct partial_block *block = &guard->core_block;
    bool last = (frame->flags & FLAG_END_HEADERS) != 0;
    block->open = !last;
    if (last && block->bytes.size == 0) {
        pass_block(guard, block->stream, block->flags, (struct input){frame->payload, frame->size});
        return;
    }
    output_add(&block->bytes, frame->payload, frame->size);
    if (!last)
        return;
    pass_block(guard, block->stream, block->flags,
               (struct input){block->bytes.data, block->bytes.size});
    output_clear(&block->bytes);
}

static void core_headers(struct guard *guard, struct frame *frame)
{
    guard->core_block.stream = frame->stream;
    guard->core_block.flags = frame->flags & FLAG_END_STREAM;
    take_part(guard, frame);
}

static void core_continuation(struct guard *guard, struct frame *frame)
{
    if (guard->core_block.open)
        take_part(guard, frame);
}

static void core_rst_stream(struct guard *guard, struct frame *frame)
{
    struct stream *stream = stream_table_find(&guard->streams, frame->stream);
    if (!stream)
        return;
    frame_write(&guard->outputs->to_caller, frame);
    /* Behind a whole response it only stops the caller (RFC 9113 section 8.1). */
    guard_forget(guard, stream, stream->core_ended ? GUARD_COMPLETE : GUARD_RESET_CORE);
}

static void core_settings(struct guard *guard, struct frame *frame)
{
    struct settings settings;
    if (frame->flags & FLAG_ACK) {
        settings_write_ack(&guard->outputs->to_caller);
        return;
    }
    if (settings_read(frame, &settings) != HTTP2_NO_ERROR)
        settings = (struct settings){0};
    flow_announce(&guard->flow, settings.has_initial_window ? settings.initial_window
                                                            : (uint32_t)guard->flow.announced);
    settings_write_to_caller(&guard->outputs->to_caller, &settings);
}

static void core_ping(struct guard *guard, struct frame *frame)
{
    if (frame->flags & FLAG_ACK)
        return;
    guard->core_pings++;
    frame_write(&guard->outputs->to_caller, frame);
}

/* C-core does not serve streams above the last one that it names. */
static void drop_streams_above(struct guard *guard, uint32_t last)
{
    for (size_t i = 0; i < guard->streams.place_count;) {
        struct stream *stream = &guard->streams.places[i];
        if (stream->id > last)
            guard_forget(guard, stream, GUARD_RESET_CORE);
        else
            i++;
    }
}

/* Withheld when the guard itself has named the last stream. */
static void core_goaway(struct guard *guard, struct frame *frame)
{
    if (guard->refusing || frame->size < 8)
        return;
    uint32_t last = frame_read_u31(frame->payload);
    frame_write(&guard->outputs->to_caller, frame);
    if (last == STREAM_ID_LIMIT)
        return; /* it only announces that (section 6.8) */
    guard->refusing = true;
    if (guard->last_passed > last)
        guard->last_passed = last;
    drop_streams_above(guard, last);
}

static void core_window_update(struct guard *guard, struct frame *frame)
{
    struct stream *stream = stream_table_find(&guard->streams, frame->stream);
    if (frame->size != 4 || (frame->stream != 0 && !stream))
        return;
    flow_grant(&guard->flow, stream, frame_read_u31(frame->payload));
    frame_write(&guard->outputs->to_caller, frame);
}

static void drop(struct guard *guard, struct frame *frame)
{
    (void)guard, (void)frame;
}

static void (*const handlers[FRAME_TYPES])(struct guard *guard, struct frame *frame) = {
    [FRAME_DATA] = core_data,
    [FRAME_HEADERS] = core_headers,
    [FRAME_PRIORITY] = drop,
    [FRAME_RST_STREAM] = core_rst_stream,
    [FRAME_SETTINGS] = core_settings,
    [FRAME_PUSH_PROMISE] = drop,
    [FRAME_PING] = core_ping,
    [FRAME_GOAWAY] = core_goaway,
    [FRAME_WINDOW_UPDATE] = core_window_update,
    [FRAME_CONTINUATION] = core_continuation,
};

bool guard_commit(struct guard *guard, uint32_t id, const struct guard_field *fields,
                  size_t field_count, struct guard_outputs *outputs)
{
    struct stream *stream = find(guard, id);
    if (!stream)
        return false;
    if (stream->core_headers)
        return true;
    reply_write_headers(&outputs->to_caller, id, fields, field_count);
    stream->core_headers = stream->is_committed = true;
    return true;
}

bool guard_has_stream(const struct guard *guard, uint32_t id)
{
    return find(guard, id) != NULL;
}

void guard_from_core(struct guard *guard, const uint8_t *data, size_t size, int64_t now_ns,
                     struct guard_outputs *outputs)
{
    struct input input = {data, size};
    struct frame_reader *reader = &guard->core_frames;
    guard_begin(guard, now_ns, outputs);
    guard_send_settings(guard);
    while (frame_reader_head(reader, &input) && frame_reader_payload(reader, &input)) {
        if (reader->frame.type < FRAME_TYPES)
            handlers[reader->frame.type](guard, &reader->frame);
        frame_reader_next(reader);
    }
}
