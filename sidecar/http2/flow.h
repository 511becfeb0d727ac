/* SPDX-License-Identifier: MIT */
/*
 * Flow control (RFC 9113 section 5.2) as a party in the middle sees it: how much each side may
 * still send, so that a caller's fault is found before C-core sees it. The window of a stream is
 * kept relative to the initial one of its direction, which may change (section 6.9.2). Pure; one
 * thread at a time for each connection.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "http2/stream_table.h"

#define WINDOW_LIMIT INT64_C(0x7fffffff)
#define INITIAL_WINDOW 65535 /* until SETTINGS_INITIAL_WINDOW_SIZE names another */

/* How many of C-core's SETTINGS may wait for the caller's acknowledgement. */
#define WAITING_SETTINGS 8

struct flow {
    int64_t receive, send;   /* of the connection: what the caller may send, and C-core */
    int64_t initial_receive; /* the largest that the caller may still go by */
    int64_t initial_send;
    int64_t announced;                 /* the last initial window of C-core's */
    int64_t waiting[WAITING_SETTINGS]; /* initial windows not yet acknowledged, oldest first */
    size_t waiting_count;
};

enum flow_result { FLOW_OK, FLOW_STREAM_ERROR, FLOW_CONNECTION_ERROR };

void flow_init(struct flow *flow);

/* The caller sent a DATA frame with a payload of `size`, on a stream or on none that is open. */
must_use enum flow_result flow_receive(struct flow *flow, struct stream *stream, uint32_t size);

/* The caller may send more: WINDOW_UPDATE of C-core's or ours. `stream` is NULL for the
 * connection. */
void flow_grant(struct flow *flow, struct stream *stream, uint32_t increment);

/* A DATA frame of C-core's was passed to the caller. */
void flow_sent(struct flow *flow, struct stream *stream, uint32_t size);

/* C-core may send more: WINDOW_UPDATE of the caller's. A window above WINDOW_LIMIT is an error
 * (section 6.9.1). */
must_use enum flow_result flow_enlarge(struct flow *flow, struct stream *stream,
                                       uint32_t increment);

/* SETTINGS_INITIAL_WINDOW_SIZE of the caller's; false when it makes a window too large. */
must_use bool flow_set_send(struct flow *flow, const struct stream_table *streams,
                            uint32_t initial);

/* SETTINGS of C-core's are passed to the caller: with that initial window. One that is smaller than
 * before holds when the caller acknowledges it, since it may have sent by the larger. */
void flow_announce(struct flow *flow, uint32_t initial);

/* The caller acknowledged the oldest of them; false when it had none to acknowledge. */
must_use bool flow_acknowledge(struct flow *flow);
