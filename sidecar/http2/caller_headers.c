/* SPDX-License-Identifier: MIT */
/*
 * Header blocks of a caller's (RFC 9113 sections 4.3, 6.2 and 6.10): a new stream or trailers. A
 * block is decoded whatever becomes of its stream, because later blocks may refer to it.
 */
#include "http2/guard_state.h"

#include "base/banned.h"

#define PRIORITY_BYTES 5

static bool decode(struct guard *guard, struct input block, struct request *request)
{
    if (header_block_decode(guard->inflater, block, request_add, request))
        return true;
    guard_connection_error(guard, HTTP2_COMPRESSION_ERROR);
    return false;
}

/* Trailers have END_STREAM and no pseudo-header fields (section 8.1). */
static bool are_trailers(const struct guard *guard, struct request *fields)
{
    return guard->caller_block.flags != 0 && request_finish(fields) == STREAM_FAULT_NONE;
}

/* Trailers mean nothing to gRPC, but that the caller has ended its side. */
static void end_with_trailers(struct guard *guard, struct stream *stream, bool good)
{
    if (stream->caller_ended)
        guard_stream_error(guard, stream, HTTP2_STREAM_CLOSED);
    else if (!good || stream->content_left > 0)
        guard_stream_error(guard, stream, HTTP2_PROTOCOL_ERROR);
    else
        guard_end_caller_side(guard, stream);
}

/* A second block of a stream, which may have ended meanwhile. */
static void take_trailers(struct guard *guard, struct stream *stream, struct input block)
{
    struct request fields;
    request_init(&fields, NULL, &guard->settings->fields);
    fields.is_trailers = true;
    if (!decode(guard, block, &fields))
        return;
    bool good = are_trailers(guard, &fields);
    if (stream)
        end_with_trailers(guard, stream, good);
    else if (!good)
        frame_write_rst_stream(&guard->outputs->to_caller, guard->caller_block.stream,
                               HTTP2_PROTOCOL_ERROR);
}

static struct text view(const struct guard *guard, struct block_text text)
{
    return (struct text){(const char *)guard->outputs->to_core.data + text.at, text.size};
}

/* The part of a request that was written for C-core. */
static struct guard_request view_request(const struct guard *guard, const struct request *request,
                                         size_t start)
{
    const struct output *to_core = &guard->outputs->to_core;
    return (struct guard_request){.stream = guard->last_seen,
                                  .path = view(guard, request->path),
                                  .authority = view(guard, request->authority),
                                  .block = to_core->data + start + FRAME_HEAD_BYTES,
                                  .block_size = to_core->size - start - FRAME_HEAD_BYTES};
}

static enum guard_verdict judge(const struct guard *guard, const struct guard_request *request,
                                struct guard_call *call, struct guard_failure *failure)
{
    *call = (struct guard_call){0};
    *failure = (struct guard_failure){.http_status = 200};
    if (!guard->hooks->open)
        return GUARD_PASS;
    return guard->hooks->open(guard->hooks->context, request, call, failure);
}

static void name_call(struct guard *guard, uint64_t number)
{
    char digits[DECIMAL_BYTES];
    if (number > 0)
        header_write(&guard->outputs->to_core, guard->settings->call_field,
                     (struct text){digits, text_from_u64(digits, number)});
}

static void pass(struct guard *guard, const struct request *request, size_t start,
                 const struct guard_call *call)
{
    uint32_t id = guard->last_seen;
    uint8_t flags = guard->caller_block.flags;
    name_call(guard, call->number);
    header_frame_end(&guard->outputs->to_core, start, id, flags);
    struct stream *stream = stream_table_add(&guard->streams, id);
    stream->call = *call;
    stream->opened_ns = guard->now_ns;
    stream->content_left = request->content_length;
    stream->message.encoding = (uint8_t)request->encoding;
    stream->caller_ended = flags != 0;
    guard->last_passed = id;
    guard->counts.passed++;
}

static void fail(struct guard *guard, const struct guard_request *request, enum stream_fault fault)
{
    bool ended = guard->caller_block.flags != 0;
    if (fault == STREAM_FAULT_MALFORMED) {
        guard_reset_rejected(guard, guard->last_seen, ended, HTTP2_PROTOCOL_ERROR);
        return;
    }
    struct guard_failure failure = stream_fault_failure(fault);
    guard_reject(guard, request, ended, &failure);
}

/* The request is in order, and written to C-core's output; the front has the last word. */
static void settle(struct guard *guard, const struct request *request, size_t start)
{
    struct guard_call call;
    struct guard_failure failure;
    bool ended = guard->caller_block.flags != 0;
    const struct guard_request seen = view_request(guard, request, start);
    enum guard_verdict verdict = judge(guard, &seen, &call, &failure);
    if (verdict == GUARD_PASS) {
        pass(guard, request, start, &call);
        return;
    }
    /* The bytes stay until something is written in their place. */
    guard->outputs->to_core.size = start;
    if (verdict == GUARD_REFUSE)
        guard_reset_rejected(guard, guard->last_seen, ended, HTTP2_REFUSED_STREAM);
    else
        guard_reject(guard, &seen, ended, &failure);
}

static void open_stream(struct guard *guard, struct input block)
{
    struct output *to_core = &guard->outputs->to_core;
    size_t start = header_frame_begin(to_core);
    struct request request;
    request_init(&request, to_core, &guard->settings->fields);
    bool decoded = decode(guard, block, &request);
    enum stream_fault fault = request_finish(&request);
    /* content-length: with no DATA to come it is 0 or wrong (section 8.1.1). */
    if (guard->caller_block.flags != 0 && request.content_length > 0)
        fault = STREAM_FAULT_MALFORMED;
    if (decoded && fault == STREAM_FAULT_NONE) {
        settle(guard, &request, start);
        return;
    }
    const struct guard_request seen = view_request(guard, &request, start);
    to_core->size = start;
    if (decoded)
        fail(guard, &seen, fault);
}

static void refuse_stream(struct guard *guard, struct input block)
{
    struct request request;
    request_init(&request, NULL, &guard->settings->fields);
    if (decode(guard, block, &request))
        guard_reset_rejected(guard, guard->last_seen, guard->caller_block.flags != 0,
                             HTTP2_REFUSED_STREAM);
}

static void take_request(struct guard *guard, struct input block)
{
    guard->last_seen = guard->caller_block.stream;
    guard->counts.opened++;
    frame_budget_earn(&guard->pause_budget, &guard->settings->idle_frames);
    frame_budget_earn(&guard->end_budget, &guard->end_rate);
    /* At the limit, and after a GOAWAY (section 5.1.2). */
    if (guard->refusing || guard->streams.count >= guard->settings->max_streams)
        refuse_stream(guard, block);
    else
        open_stream(guard, block);
}

static void take_block(struct guard *guard, struct input block)
{
    uint32_t id = guard->caller_block.stream;
    if (id > guard->last_seen)
        take_request(guard, block);
    else
        take_trailers(guard, stream_table_find(&guard->streams, id), block);
}

/* Takes the next part of the block, and the whole block when it is the last part. */
static void take_part(struct guard *guard, const struct frame *frame)
{
    struct partial_block *block = &guard->caller_block;
    bool last = (frame->flags & FLAG_END_HEADERS) != 0;
    size_t most = guard->settings->fields.list_size + GUARD_BLOCK_SLACK;
    if (block->bytes.size + frame->size > most) {
        guard_connection_error(guard, HTTP2_ENHANCE_YOUR_CALM);
        return;
    }
    block->open = !last;
    if (last && block->bytes.size == 0) {
        take_block(guard, (struct input){frame->payload, frame->size});
        return;
    }
    output_add(&block->bytes, frame->payload, frame->size);
    if (!last)
        return;
    take_block(guard, (struct input){block->bytes.data, block->bytes.size});
    output_clear(&block->bytes);
}

/* A stream that is closed and was not ended by us a moment ago cannot be opened again (section
 * 5.1.1). */
static bool may_have_headers(const struct guard *guard, uint32_t stream)
{
    return stream % 2 == 1 &&
           (stream > guard->last_seen || stream_table_find(&guard->streams, stream) ||
            stream_table_ended_recently(&guard->streams, stream));
}

static bool remove_priority(struct frame *frame)
{
    if (!(frame->flags & FLAG_PRIORITY))
        return true;
    if (frame->size < PRIORITY_BYTES)
        return false;
    frame->payload += PRIORITY_BYTES;
    frame->size -= PRIORITY_BYTES;
    return true;
}

void caller_headers(struct guard *guard, struct frame *frame)
{
    if (!may_have_headers(guard, frame->stream) || !frame_remove_padding(frame)) {
        guard_connection_error(guard, HTTP2_PROTOCOL_ERROR);
        return;
    }
    if (!remove_priority(frame)) {
        guard_connection_error(guard, HTTP2_FRAME_SIZE_ERROR);
        return;
    }
    struct partial_block *block = &guard->caller_block;
    block->stream = frame->stream;
    block->flags = frame->flags & FLAG_END_STREAM;
    block->continuations = 0;
    block->opened_ns = guard->now_ns;
    take_part(guard, frame);
}

void caller_continuation(struct guard *guard, struct frame *frame)
{
    if (++guard->caller_block.continuations > GUARD_CONTINUATIONS)
        guard_connection_error(guard, HTTP2_ENHANCE_YOUR_CALM);
    else
        take_part(guard, frame);
}
