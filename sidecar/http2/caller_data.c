/* SPDX-License-Identifier: MIT */
/*
 * DATA of a caller's (RFC 9113 section 6.1). Padding and what carries nothing are not passed on.
 * The last byte of a unary call's message is held until the caller ends its side, because C-core
 * begins the call when the message is whole, and a second message must end it before anything is
 * sent.
 */
#include "http2/guard_state.h"

#include "base/banned.h"

/* A frame that carries less and ends nothing counts as one that carries nothing. */
#define LEAST_PAYLOAD 64

void caller_data_dropped(struct guard *guard, const struct frame *frame)
{
    if (flow_receive(&guard->flow, NULL, frame->size) != FLOW_OK) {
        guard_connection_error(guard, HTTP2_FLOW_CONTROL_ERROR);
        return;
    }
    guard_credit_caller(guard, frame->size);
    if (frame->size < LEAST_PAYLOAD)
        guard_count_idle_frame(guard);
    if (!stream_table_ended_recently(&guard->streams, frame->stream))
        frame_write_rst_stream(&guard->outputs->to_caller, frame->stream, HTTP2_STREAM_CLOSED);
}

static bool ends(const struct frame *frame)
{
    return (frame->flags & FLAG_END_STREAM) != 0;
}

static bool reserve(const struct guard *guard, struct stream *stream, size_t size,
                    struct guard_failure *failure)
{
    const struct guard_hooks *hooks = guard->hooks;
    if (size == 0 || !hooks->reserve)
        return true;
    if (!hooks->reserve(hooks->context, stream->call.kind, size, failure))
        return false;
    stream->call.reserved += size;
    return true;
}

/* False, with the failure, when the messages in the frame break a rule. */
static bool accept_messages(struct guard *guard, struct stream *stream, const struct frame *frame,
                            struct guard_failure *failure)
{
    const struct message_rules rules = {.max_message = guard->settings->max_message,
                                        .one_message = !stream->call.streaming};
    size_t lengths;
    enum stream_fault fault =
        message_reader_feed(&stream->message, frame->payload, frame->size, &rules, &lengths);
    *failure = fault == STREAM_FAULT_NONE ? (struct guard_failure){.http_status = 200}
                                          : stream_fault_failure(fault);
    return fault == STREAM_FAULT_NONE && reserve(guard, stream, lengths, failure);
}

/* RFC 9113 section 8.1.1: content-length has to be the sum of all DATA. */
static bool keeps_content_length(struct stream *stream, const struct frame *frame)
{
    if (stream->content_left < 0)
        return true;
    if (stream->content_left < frame->size)
        return false;
    stream->content_left -= frame->size;
    return stream->content_left == 0 || !ends(frame);
}

static bool holds_message(const struct stream *stream)
{
    return !stream->call.streaming && stream->message.has_message;
}

/* Passes the data on, or all but the byte that is held. `stream` may be gone then. */
static void pass(struct guard *guard, struct stream *stream, struct frame *frame)
{
    if (ends(frame) && frame->size == 0) {
        guard_end_caller_side(guard, stream);
        return;
    }
    if (!ends(frame) && frame->size > 0 && holds_message(stream)) {
        stream->has_held = true;
        stream->held = frame->payload[--frame->size];
    }
    frame->flags &= FLAG_END_STREAM;
    if (frame->size > 0)
        frame_write(&guard->outputs->to_core, frame);
    if (!ends(frame))
        return;
    stream->caller_ended = true;
    if (stream->core_ended)
        guard_forget(guard, stream, GUARD_COMPLETE);
}

/* C-core does not see padding, so that it is given back here. */
static void credit_padding(struct guard *guard, struct stream *stream, const struct frame *frame,
                           uint32_t padding)
{
    guard_credit_caller(guard, padding);
    if (padding == 0 || ends(frame))
        return;
    frame_write_window_update(&guard->outputs->to_caller, stream->id, padding);
    flow_grant(&guard->flow, stream, padding);
}

static void take_data(struct guard *guard, struct stream *stream, struct frame *frame)
{
    uint32_t whole = frame->size;
    struct guard_failure failure;
    if (!frame_remove_padding(frame)) {
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
        return;
    }
    if (frame->size < LEAST_PAYLOAD && !ends(frame))
        guard_count_idle_frame(guard);
    if (!keeps_content_length(stream, frame)) {
        guard_credit_caller(guard, whole);
        guard_stream_error(guard, stream, HTTP2_PROTOCOL_ERROR);
        return;
    }
    if (!accept_messages(guard, stream, frame, &failure)) {
        stream->caller_ended = ends(frame);
        guard_credit_caller(guard, whole);
        guard_fail_stream(guard, stream, &failure);
        return;
    }
    credit_padding(guard, stream, frame, whole - frame->size);
    pass(guard, stream, frame);
}

void caller_data(struct guard *guard, struct frame *frame)
{
    if (guard_is_idle(guard, frame->stream)) {
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
        return;
    }
    struct stream *stream = stream_table_find(&guard->streams, frame->stream);
    if (!stream) {
        caller_data_dropped(guard, frame);
        return;
    }
    enum flow_result result = flow_receive(&guard->flow, stream, frame->size);
    if (result == FLOW_CONNECTION_ERROR) {
        guard_connection_error(guard, HTTP2_FLOW_CONTROL_ERROR);
    } else if (result == FLOW_STREAM_ERROR || stream->caller_ended) {
        guard_credit_caller(guard, frame->size);
        guard_stream_error(guard, stream,
                           stream->caller_ended ? HTTP2_STREAM_CLOSED : HTTP2_FLOW_CONTROL_ERROR);
    } else {
        take_data(guard, stream, frame);
    }
}
