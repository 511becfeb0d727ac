/* SPDX-License-Identifier: MIT */
/* Reads a caller's frames and gives each to its handler. */
#include "http2/guard_state.h"
#include "http2/preface.h"

#include "base/banned.h"

static void caller_push_promise(struct guard *guard, struct frame *frame)
{
    (void)frame;
    guard_connection_error(guard, HTTP2_PROTOCOL_ERROR); /* RFC 9113 section 8.4 */
}

/* RFC 9113 section 5.3.2: its content is not used. It is never kept, but skipped. */
static void caller_priority(struct guard *guard, struct frame *frame)
{
    (void)guard, (void)frame;
}

static void (*const handlers[FRAME_TYPES])(struct guard *guard, struct frame *frame) = {
    [FRAME_DATA] = caller_data,
    [FRAME_HEADERS] = caller_headers,
    [FRAME_PRIORITY] = caller_priority,
    [FRAME_RST_STREAM] = caller_rst_stream,
    [FRAME_SETTINGS] = caller_settings,
    [FRAME_PUSH_PROMISE] = caller_push_promise,
    [FRAME_PING] = caller_ping,
    [FRAME_GOAWAY] = caller_goaway,
    [FRAME_WINDOW_UPDATE] = caller_window_update,
    [FRAME_CONTINUATION] = caller_continuation,
};

/* True when the preface is whole. */
static bool read_preface(struct guard *guard, struct input *input)
{
    while (guard->preface_size < PREFACE_BYTES && input->size > 0 && !guard->closed) {
        guard->closed = (char)*input->data != PREFACE[guard->preface_size];
        guard->preface_size++;
        input->data++;
        input->size--;
        if (guard->preface_size == PREFACE_BYTES && !guard->closed) {
            output_add(&guard->outputs->to_core, PREFACE, PREFACE_BYTES);
            guard_send_settings(guard);
        }
    }
    return guard->preface_size == PREFACE_BYTES;
}

/* The connection error that the head of a frame alone shows. */
static enum http2_error judge_order(const struct guard *guard, const struct frame *head)
{
    const struct partial_block *block = &guard->caller_block;
    bool continues = head->type == FRAME_CONTINUATION;
    if (!guard->has_settings && (head->type != FRAME_SETTINGS || head->flags & FLAG_ACK))
        return HTTP2_PROTOCOL_ERROR; /* section 3.4 */
    if (block->open != continues || (continues && head->stream != block->stream))
        return HTTP2_PROTOCOL_ERROR; /* sections 6.2 and 6.10 */
    if (head->size > FRAME_PAYLOAD_LIMIT && head->type != FRAME_DATA)
        return HTTP2_FRAME_SIZE_ERROR; /* section 4.2 */
    return HTTP2_NO_ERROR;
}

/* A frame that is larger than allowed is an error of its stream when it is DATA (section 4.2). */
static void judge_data_size(struct guard *guard, const struct frame *head)
{
    struct stream *stream = stream_table_find(&guard->streams, head->stream);
    if (head->size <= FRAME_PAYLOAD_LIMIT)
        return;
    if (stream)
        guard_stream_error(guard, stream, HTTP2_FRAME_SIZE_ERROR);
    else if (guard_is_idle(guard, head->stream))
        guard_connection_error(guard, HTTP2_FRAME_SIZE_ERROR);
    else if (stream_table_ended_recently(&guard->streams, head->stream))
        frame_write_rst_stream(&guard->outputs->to_caller, head->stream, HTTP2_FRAME_SIZE_ERROR);
}

/* After a connection error nothing else matters of what the caller sends. */
static bool matters_when_broken(const struct frame *head)
{
    return head->type == FRAME_DATA || head->type == FRAME_RST_STREAM ||
           head->type == FRAME_WINDOW_UPDATE;
}

static bool is_dropped_data(const struct guard *guard, const struct frame *head)
{
    return head->type == FRAME_DATA && !guard_is_idle(guard, head->stream) &&
           !stream_table_find(&guard->streams, head->stream);
}

static bool is_needed(const struct guard *guard, const struct frame *head)
{
    if (head->size > FRAME_PAYLOAD_LIMIT || head->type >= FRAME_TYPES ||
        head->type == FRAME_PRIORITY)
        return false;
    return !is_dropped_data(guard, head) && (!guard->broken || matters_when_broken(head));
}

/* Decides, once for each frame, whether it is kept. */
static void judge_head(struct guard *guard, const struct frame *head)
{
    if (guard->frame_judged)
        return;
    guard->frame_judged = true;
    if (!guard->broken) {
        enum http2_error error = judge_order(guard, head);
        if (error != HTTP2_NO_ERROR)
            guard_connection_error(guard, error);
    }
    if (head->type == FRAME_DATA)
        judge_data_size(guard, head);
    guard->skips_frame = !is_needed(guard, head);
}

/* Section 6.3. */
static void judge_priority(struct guard *guard, const struct frame *frame)
{
    struct stream *stream = stream_table_find(&guard->streams, frame->stream);
    if (frame->stream == 0)
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
    else if (frame->size != 5 && stream)
        guard_stream_error(guard, stream, HTTP2_FRAME_SIZE_ERROR);
    else if (frame->size != 5)
        guard_connection_error(guard, HTTP2_FRAME_SIZE_ERROR);
}

/* More padding than payload is an error of the connection whatever the stream (section 6.1). */
static bool has_wrong_padding(const struct guard *guard, const struct frame *frame)
{
    return frame->type == FRAME_DATA && frame->flags & FLAG_PADDED &&
           (frame->size == 0 || guard->caller_frames.first_skipped >= frame->size);
}

static void handle_skipped(struct guard *guard, const struct frame *frame)
{
    if (has_wrong_padding(guard, frame))
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
    if (frame->type == FRAME_DATA)
        caller_data_dropped(guard, frame);
    else
        guard_count_idle_frame(guard);
    if (frame->type == FRAME_PRIORITY)
        judge_priority(guard, frame);
}

/* False when the frame is not yet whole. */
static bool read_frame(struct guard *guard, struct input *input)
{
    struct frame_reader *reader = &guard->caller_frames;
    judge_head(guard, &reader->frame);
    if (guard->skips_frame) {
        if (!frame_reader_skip(reader, input))
            return false;
        handle_skipped(guard, &reader->frame);
    } else {
        if (!frame_reader_payload(reader, input))
            return false;
        handlers[reader->frame.type](guard, &reader->frame);
    }
    guard->frame_judged = false;
    frame_reader_next(reader);
    return true;
}

void guard_from_caller(struct guard *guard, const uint8_t *data, size_t size, int64_t now_ns,
                       struct guard_outputs *outputs)
{
    struct input input = {data, size};
    guard_begin(guard, now_ns, outputs);
    if (!read_preface(guard, &input))
        return;
    while (!guard->closed && frame_reader_head(&guard->caller_frames, &input) &&
           read_frame(guard, &input)) {
    }
}
