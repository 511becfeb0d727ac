/* SPDX-License-Identifier: MIT */
/* The ways in which a stream ends. */
#include "http2/guard_state.h"
#include "http2/reply.h"

#include "base/banned.h"

/* Completes the refusal and sends it. */
static void send_status(struct guard *guard, uint32_t stream, bool headers_were_sent,
                        struct guard_refusal *refusal)
{
    const struct guard_hooks *hooks = guard->hooks;
    refusal->details_size = refusal->request_id_size = 0;
    if (hooks->describe)
        hooks->describe(hooks->context, refusal);
    reply_write(&guard->outputs->to_caller, &(struct reply){.stream = stream,
                                                            .headers_were_sent = headers_were_sent,
                                                            .refusal = refusal});
}

/* After a complete response it asks the caller to stop sending and does not fail the call (RFC 9113
 * section 8.1). */
static void stop_caller(struct guard *guard, uint32_t stream)
{
    frame_write_rst_stream(&guard->outputs->to_caller, stream, HTTP2_NO_ERROR);
}

void guard_reject(struct guard *guard, const struct guard_request *request, bool caller_ended,
                  const struct guard_failure *failure)
{
    uint32_t stream = guard->last_seen;
    struct guard_refusal refusal;
    refusal.failure = failure;
    refusal.request = request;
    refusal.method = 0;
    guard->counts.faulty++;
    send_status(guard, stream, false, &refusal);
    if (caller_ended)
        return;
    stop_caller(guard, stream);
    stream_table_remember_ended(&guard->streams, stream);
}

void guard_reset_rejected(struct guard *guard, uint32_t stream, bool caller_ended,
                          enum http2_error error)
{
    guard->counts.refused += error == HTTP2_REFUSED_STREAM;
    guard->counts.faulty += error != HTTP2_REFUSED_STREAM;
    frame_write_rst_stream(&guard->outputs->to_caller, stream, error);
    if (!caller_ended)
        stream_table_remember_ended(&guard->streams, stream);
}

void guard_forget(struct guard *guard, struct stream *stream, enum guard_end end)
{
    struct guard_call call = stream->call;
    if (stream->has_held)
        guard_credit_caller(guard, 1);
    stream_table_remove(&guard->streams, stream);
    if (guard->hooks->ended)
        guard->hooks->ended(guard->hooks->context, &call, end);
}

/* C-core's side of a stream that the guard ends; the caller's has been dealt with. */
static void end_faulty(struct guard *guard, struct stream *stream)
{
    guard->counts.faulty++;
    frame_write_rst_stream(&guard->outputs->to_core, stream->id, HTTP2_CANCEL);
    guard_forget(guard, stream, GUARD_FAULTY);
}

void guard_stream_error(struct guard *guard, struct stream *stream, enum http2_error error)
{
    frame_write_rst_stream(&guard->outputs->to_caller, stream->id, error);
    end_faulty(guard, stream);
}

void guard_fail_stream(struct guard *guard, struct stream *stream,
                       const struct guard_failure *failure)
{
    struct guard_refusal refusal;
    refusal.failure = failure;
    refusal.request = NULL;
    refusal.method = stream->call.method;
    if (!stream->core_ended)
        send_status(guard, stream->id, stream->core_headers, &refusal);
    if (!stream->caller_ended)
        stop_caller(guard, stream->id);
    end_faulty(guard, stream);
}

void guard_end_caller_side(struct guard *guard, struct stream *stream)
{
    frame_write(&guard->outputs->to_core, &(struct frame){.size = stream->has_held,
                                                          .stream = stream->id,
                                                          .type = FRAME_DATA,
                                                          .flags = FLAG_END_STREAM,
                                                          .payload = &stream->held});
    stream->has_held = false;
    stream->caller_ended = true;
    if (stream->core_ended)
        guard_forget(guard, stream, GUARD_COMPLETE);
}

void guard_credit_caller(struct guard *guard, uint32_t size)
{
    if (size == 0)
        return;
    frame_write_window_update(&guard->outputs->to_caller, 0, size);
    flow_grant(&guard->flow, NULL, size);
}
