/* SPDX-License-Identifier: MIT */
/* Frames of a caller's that carry no part of a call (RFC 9113 sections 6.4 to 6.9). */
#include "http2/guard_state.h"
#include "http2/settings.h"

#include "base/banned.h"

#define PING_BYTES 8
#define GOAWAY_BYTES 8
#define NUMBER_BYTES 4

static void acknowledge(struct guard *guard)
{
    if (!guard->settings_acknowledged)
        guard->settings_acknowledged = true;
    else if (flow_acknowledge(&guard->flow))
        settings_write_ack(&guard->outputs->to_core);
}

static void pass_settings(struct guard *guard, const struct frame *frame)
{
    struct settings settings;
    enum http2_error error = settings_read(frame, &settings);
    if (error == HTTP2_NO_ERROR && settings.has_initial_window &&
        !flow_set_send(&guard->flow, &guard->streams, settings.initial_window))
        error = HTTP2_FLOW_CONTROL_ERROR; /* section 6.9.2 */
    if (error != HTTP2_NO_ERROR) {
        guard_connection_error(guard, error);
        return;
    }
    guard->has_settings = true;
    settings_write_to_core(&guard->outputs->to_core, &settings);
}

void caller_settings(struct guard *guard, struct frame *frame)
{
    guard_count_idle_frame(guard);
    if (frame->stream != 0)
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
    else if (!(frame->flags & FLAG_ACK))
        pass_settings(guard, frame);
    else if (frame->size != 0)
        guard_connection_error(guard, HTTP2_FRAME_SIZE_ERROR);
    else
        acknowledge(guard);
}

static void take_ping(struct guard *guard, const struct frame *frame)
{
    if (!(frame->flags & FLAG_ACK)) {
        frame_write_ping_ack(&guard->outputs->to_caller, frame->payload);
    } else if (guard->core_pings > 0) {
        guard->core_pings--;
        frame_write_ping_ack(&guard->outputs->to_core, frame->payload);
    }
}

void caller_ping(struct guard *guard, struct frame *frame)
{
    guard_count_idle_frame(guard);
    if (frame->stream != 0)
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
    else if (frame->size != PING_BYTES)
        guard_connection_error(guard, HTTP2_FRAME_SIZE_ERROR);
    else
        take_ping(guard, frame);
}

/* The caller opens no more streams; it closes the connection when it wants to. */
void caller_goaway(struct guard *guard, struct frame *frame)
{
    guard_count_idle_frame(guard);
    if (frame->stream != 0)
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
    else if (frame->size < GOAWAY_BYTES)
        guard_connection_error(guard, HTTP2_FRAME_SIZE_ERROR);
}

void caller_rst_stream(struct guard *guard, struct frame *frame)
{
    if (guard_is_idle(guard, frame->stream)) {
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
        return;
    }
    if (frame->size != NUMBER_BYTES) {
        guard_connection_error(guard, HTTP2_FRAME_SIZE_ERROR);
        return;
    }
    struct stream *stream = stream_table_find(&guard->streams, frame->stream);
    if (!stream) {
        guard_count_idle_frame(guard);
        stream_table_forget_ended(&guard->streams, frame->stream);
        return;
    }
    guard->counts.reset++;
    frame_write_rst_stream(&guard->outputs->to_core, frame->stream,
                           (enum http2_error)frame_read_u32(frame->payload));
    stream->caller_ended = true; /* it sends nothing on it after that */
    guard_forget(guard, stream, GUARD_RESET_CALLER);
}

static void enlarge_connection(struct guard *guard, uint32_t increment)
{
    if (increment == 0)
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
    else if (flow_enlarge(&guard->flow, NULL, increment) != FLOW_OK)
        guard_connection_error(guard, HTTP2_FLOW_CONTROL_ERROR);
    else
        frame_write_window_update(&guard->outputs->to_core, 0, increment);
}

static void enlarge_stream(struct guard *guard, struct stream *stream, uint32_t increment)
{
    if (increment == 0)
        guard_stream_error(guard, stream, HTTP2_PROTOCOL_ERROR);
    else if (flow_enlarge(&guard->flow, stream, increment) != FLOW_OK)
        guard_stream_error(guard, stream, HTTP2_FLOW_CONTROL_ERROR);
    else
        frame_write_window_update(&guard->outputs->to_core, stream->id, increment);
}

void caller_window_update(struct guard *guard, struct frame *frame)
{
    guard_count_idle_frame(guard);
    if (frame->size != NUMBER_BYTES) {
        guard_connection_error(guard, HTTP2_FRAME_SIZE_ERROR);
        return;
    }
    uint32_t increment = frame_read_u31(frame->payload);
    struct stream *stream = stream_table_find(&guard->streams, frame->stream);
    if (frame->stream == 0)
        enlarge_connection(guard, increment);
    else if (stream)
        enlarge_stream(guard, stream, increment);
    else if (guard_is_idle(guard, frame->stream))
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
    else if (increment == 0)
        frame_write_rst_stream(&guard->outputs->to_caller, frame->stream, HTTP2_PROTOCOL_ERROR);
}
