/* SPDX-License-Identifier: MIT */
#include "http2/guard.h"

#include <stdlib.h>

#include "base/memory.h"
#include "http2/guard_state.h"
#include "http2/settings.h"

#include "base/banned.h"

/* The connection is ended by that many times the rate at which reading pauses. */
#define END_FACTOR 10

/* Reading pauses for as long as it takes to earn a good part of a second's frames. */
#define PAUSE_NS (FRAME_BUDGET_SECOND / 20)

struct guard *guard_new(const struct guard_settings *settings, const struct guard_hooks *hooks,
                        int64_t now_ns)
{
    struct guard *guard = memory_expect(calloc(1, sizeof *guard));
    guard->settings = settings;
    guard->hooks = hooks;
    guard->now_ns = now_ns;
    guard->inflater = header_inflater_new();
    guard->end_rate = (struct frame_rate){settings->idle_frames.per_second * END_FACTOR,
                                          settings->idle_frames.per_stream * END_FACTOR};
    flow_init(&guard->flow);
    frame_budget_init(&guard->pause_budget, now_ns);
    frame_budget_init(&guard->end_budget, now_ns);
    return guard;
}

static void report_abandoned(struct guard *guard)
{
    for (size_t i = 0; i < guard->streams.place_count && guard->hooks->ended; i++)
        if (guard->streams.places[i].id != 0)
            guard->hooks->ended(guard->hooks->context, &guard->streams.places[i].call,
                                GUARD_ABANDONED);
}

void guard_free(struct guard *guard)
{
    if (!guard)
        return;
    report_abandoned(guard);
    frame_reader_clear(&guard->caller_frames);
    frame_reader_clear(&guard->core_frames);
    output_clear(&guard->caller_block.bytes);
    output_clear(&guard->core_block.bytes);
    stream_table_clear(&guard->streams);
    header_inflater_free(guard->inflater);
    free(guard);
}

void guard_begin(struct guard *guard, int64_t now_ns, struct guard_outputs *outputs)
{
    guard->now_ns = now_ns;
    guard->outputs = outputs;
    frame_budget_advance(&guard->pause_budget, now_ns);
    frame_budget_advance(&guard->end_budget, now_ns);
}

void guard_send_settings(struct guard *guard)
{
    if (guard->sent_settings)
        return;
    guard->sent_settings = true;
    size_t list_size = guard->settings->fields.list_size;
    settings_write_own(&guard->outputs->to_caller, guard->settings->max_streams,
                       list_size < UINT32_MAX ? (uint32_t)list_size : UINT32_MAX);
}

void guard_count_idle_frame(struct guard *guard)
{
    guard->counts.idle_frames++;
    if (!frame_budget_take(&guard->pause_budget, &guard->settings->idle_frames))
        guard->paused_until_ns = guard->now_ns + PAUSE_NS;
    if (frame_budget_take(&guard->end_budget, &guard->end_rate))
        return;
    guard->closed = guard->broken;
    guard_connection_error(guard, HTTP2_ENHANCE_YOUR_CALM);
}

void guard_connection_error(struct guard *guard, enum http2_error error)
{
    if (guard->broken)
        return;
    guard->broken = guard->refusing = true;
    guard->error = error;
    guard->caller_block.open = false;
    output_clear(&guard->caller_block.bytes);
    frame_budget_init(&guard->end_budget, guard->now_ns);
    frame_write_goaway(&guard->outputs->to_caller, guard->last_passed, error);
}

void guard_announce_end(struct guard *guard, struct guard_outputs *outputs)
{
    if (guard->refusing)
        return;
    guard_begin(guard, guard->now_ns, outputs);
    guard_send_settings(guard);
    frame_write_goaway(&outputs->to_caller, STREAM_ID_LIMIT, HTTP2_NO_ERROR);
}

void guard_refuse_streams(struct guard *guard, struct guard_outputs *outputs)
{
    if (guard->refusing)
        return;
    guard_begin(guard, guard->now_ns, outputs);
    guard_send_settings(guard);
    guard->refusing = true;
    frame_write_goaway(&outputs->to_caller, guard->last_passed, HTTP2_NO_ERROR);
}

void guard_end_excess(struct guard *guard, struct guard_outputs *outputs)
{
    guard_begin(guard, guard->now_ns, outputs);
    guard_send_settings(guard);
    guard_connection_error(guard, HTTP2_ENHANCE_YOUR_CALM);
}

/* A stream is late whose message is not whole, which C-core and the program cannot see. */
static bool is_late(const struct guard *guard, const struct stream *stream)
{
    bool waits = stream->call.streaming ? !stream->message.has_message : !stream->caller_ended;
    return stream->id != 0 && waits && !stream->core_ended &&
           guard->now_ns - stream->opened_ns > guard->settings->message_timeout_ns;
}

/* Nothing else may come before a header block is whole (RFC 9113 section 4.3): a connection whose
 * block does not come in time serves nobody, and the part of it that has come takes memory. */
static void end_late_block(struct guard *guard)
{
    const struct partial_block *block = &guard->caller_block;
    if (block->open && guard->now_ns - block->opened_ns > guard->settings->message_timeout_ns)
        guard_connection_error(guard, HTTP2_ENHANCE_YOUR_CALM);
}

void guard_tick(struct guard *guard, int64_t now_ns, struct guard_outputs *outputs)
{
    guard_begin(guard, now_ns, outputs);
    end_late_block(guard);
    const struct guard_failure late = stream_fault_failure(STREAM_FAULT_MESSAGE_LATE);
    /* Removing a stream moves another into its place, so that the place is looked at again. */
    for (size_t i = 0; i < guard->streams.place_count;) {
        if (is_late(guard, &guard->streams.places[i]))
            guard_fail_stream(guard, &guard->streams.places[i], &late);
        else
            i++;
    }
}

enum guard_state guard_state(const struct guard *guard)
{
    if (guard->closed || (guard->refusing && guard->streams.count == 0))
        return GUARD_FINISHED;
    return guard->refusing ? GUARD_FINISHING : GUARD_OPEN;
}

const char *guard_error(const struct guard *guard)
{
    static const char *const names[] = {
        [HTTP2_PROTOCOL_ERROR] = "PROTOCOL_ERROR",
        [HTTP2_INTERNAL_ERROR] = "INTERNAL_ERROR",
        [HTTP2_FLOW_CONTROL_ERROR] = "FLOW_CONTROL_ERROR",
        [HTTP2_SETTINGS_TIMEOUT] = "SETTINGS_TIMEOUT",
        [HTTP2_STREAM_CLOSED] = "STREAM_CLOSED",
        [HTTP2_FRAME_SIZE_ERROR] = "FRAME_SIZE_ERROR",
        [HTTP2_REFUSED_STREAM] = "REFUSED_STREAM",
        [HTTP2_CANCEL] = "CANCEL",
        [HTTP2_COMPRESSION_ERROR] = "COMPRESSION_ERROR",
        [HTTP2_CONNECT_ERROR] = "CONNECT_ERROR",
        [HTTP2_ENHANCE_YOUR_CALM] = "ENHANCE_YOUR_CALM",
    };
    return guard->broken ? names[guard->error] : NULL;
}

int64_t guard_paused_until(const struct guard *guard)
{
    return guard->paused_until_ns;
}

size_t guard_open_streams(const struct guard *guard)
{
    return guard->streams.count;
}

struct guard_counts guard_counts(const struct guard *guard)
{
    return guard->counts;
}

size_t guard_memory(const struct guard *guard)
{
    return sizeof *guard + header_inflater_memory(guard->inflater) +
           guard->caller_frames.payload.room + guard->core_frames.payload.room +
           guard->caller_block.bytes.room + guard->core_block.bytes.room +
           guard->streams.place_count * sizeof *guard->streams.places;
}

bool guard_request_field(const struct guard_request *request, struct text name, struct text *value)
{
    struct input block = {request->block, request->block_size};
    struct text found, its_value;
    while (header_read(&block, &found, &its_value)) {
        if (text_equal(found, name)) {
            *value = its_value;
            return true;
        }
    }
    return false;
}
