/* SPDX-License-Identifier: MIT */
/* The inside of a guard, for the files that it is made of. */
#pragma once

#include "http2/flow.h"
#include "http2/frame.h"
#include "http2/guard.h"
#include "http2/header_block.h"
#include "http2/stream_table.h"

/* A header block of which a part has come. */
struct partial_block {
    bool open;
    uint8_t flags; /* FLAG_END_STREAM or 0 */
    uint32_t stream;
    unsigned continuations;
    int64_t opened_ns;
    struct output bytes;
};

struct guard {
    const struct guard_settings *settings;
    const struct guard_hooks *hooks;
    struct guard_outputs *outputs; /* of the call that is running */
    int64_t now_ns, paused_until_ns;

    struct frame_reader caller_frames, core_frames;
    struct partial_block caller_block, core_block;
    struct nghttp2_hd_inflater *inflater;
    struct stream_table streams;
    struct flow flow;
    struct frame_budget pause_budget, end_budget;
    struct frame_rate end_rate;
    struct guard_counts counts;

    size_t preface_size;             /* how much of it has come */
    uint32_t last_seen, last_passed; /* of the caller's streams */
    enum http2_error error;
    unsigned core_pings;            /* not yet acknowledged by the caller */
    bool skips_frame, frame_judged; /* the caller's frame whose head has come */
    bool has_settings;              /* the caller's first have come */
    bool sent_settings;             /* ours were sent */
    bool settings_acknowledged;     /* ours, by the caller */
    bool caller_table_is_0;         /* the caller knows that header blocks use no dynamic table */
    bool refusing;                  /* a GOAWAY has named the last stream */
    bool broken;                    /* a connection error was reported: `error` */
    bool closed;                    /* the peer does not speak HTTP/2, or went on after that */
};

/* Whether the caller has used that id, or may not have: even ids and 0 are never used. */
static inline bool guard_is_idle(const struct guard *guard, uint32_t stream)
{
    return stream > guard->last_seen || stream % 2 == 0;
}

/* Begins a call of the guard. */
void guard_begin(struct guard *guard, int64_t now_ns, struct guard_outputs *outputs);

/* Sends our SETTINGS, once: they are our first frame. */
void guard_send_settings(struct guard *guard);

/* Counts a frame that carries nothing. */
void guard_count_idle_frame(struct guard *guard);

/* A connection error: GOAWAY, the first time. From then on only DATA, RST_STREAM and WINDOW_UPDATE
 * of streams that were passed go on to C-core. */
void guard_connection_error(struct guard *guard, enum http2_error error);

/* A stream error of one that C-core has: both sides get RST_STREAM. `stream` is gone then. */
void guard_stream_error(struct guard *guard, struct stream *stream, enum http2_error error);

/* Ends a stream that C-core has with a status. `stream` is gone then. */
void guard_fail_stream(struct guard *guard, struct stream *stream,
                       const struct guard_failure *failure);

/* Answers the stream that was opened last, which C-core does not get. */
void guard_reject(struct guard *guard, const struct guard_request *request, bool caller_ended,
                  const struct guard_failure *failure);
void guard_reset_rejected(struct guard *guard, uint32_t stream, bool caller_ended,
                          enum http2_error error);

/* The stream is over. */
void guard_forget(struct guard *guard, struct stream *stream, enum guard_end end);

/* The caller has ended its side: what was held of it is passed on. `stream` may be gone then. */
void guard_end_caller_side(struct guard *guard, struct stream *stream);

/* Lets the caller send `size` bytes again that C-core does not get. */
void guard_credit_caller(struct guard *guard, uint32_t size);

/* Handlers of a caller's frames, each whole. */
void caller_data(struct guard *guard, struct frame *frame);
void caller_headers(struct guard *guard, struct frame *frame);
void caller_continuation(struct guard *guard, struct frame *frame);
void caller_rst_stream(struct guard *guard, struct frame *frame);
void caller_settings(struct guard *guard, struct frame *frame);
void caller_ping(struct guard *guard, struct frame *frame);
void caller_goaway(struct guard *guard, struct frame *frame);
void caller_window_update(struct guard *guard, struct frame *frame);

/* A DATA frame on a stream that C-core does not have has passed by. */
void caller_data_dropped(struct guard *guard, const struct frame *frame);
