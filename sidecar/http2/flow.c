/* SPDX-License-Identifier: MIT */
#include "http2/flow.h"

#include <string.h>

#include "base/banned.h"

void flow_init(struct flow *flow)
{
    *flow = (struct flow){.receive = INITIAL_WINDOW,
                          .send = INITIAL_WINDOW,
                          .initial_receive = INITIAL_WINDOW,
                          .initial_send = INITIAL_WINDOW,
                          .announced = INITIAL_WINDOW};
}

enum flow_result flow_receive(struct flow *flow, struct stream *stream, uint32_t size)
{
    if (size > flow->receive)
        return FLOW_CONNECTION_ERROR;
    flow->receive -= size;
    if (!stream)
        return FLOW_OK;
    if (size > flow->initial_receive + stream->receive_window)
        return FLOW_STREAM_ERROR;
    stream->receive_window -= (int32_t)size;
    return FLOW_OK;
}

/* C-core's own increments stay within the limit; without the bound a fault of its would overflow.
 */
static int64_t sum(int64_t window, int64_t increment)
{
    return window + increment < WINDOW_LIMIT ? window + increment : WINDOW_LIMIT;
}

void flow_grant(struct flow *flow, struct stream *stream, uint32_t increment)
{
    if (stream)
        stream->receive_window = (int32_t)sum(stream->receive_window, increment);
    else
        flow->receive = sum(flow->receive, increment);
}

void flow_sent(struct flow *flow, struct stream *stream, uint32_t size)
{
    flow->send -= size;
    stream->send_window -= (int32_t)size;
}

enum flow_result flow_enlarge(struct flow *flow, struct stream *stream, uint32_t increment)
{
    if (!stream) {
        flow->send += increment;
        return flow->send > WINDOW_LIMIT ? FLOW_CONNECTION_ERROR : FLOW_OK;
    }
    if (flow->initial_send + stream->send_window + increment > WINDOW_LIMIT)
        return FLOW_STREAM_ERROR;
    stream->send_window = (int32_t)sum(stream->send_window, increment);
    return FLOW_OK;
}

bool flow_set_send(struct flow *flow, const struct stream_table *streams, uint32_t initial)
{
    for (size_t i = 0; i < streams->place_count; i++) {
        const struct stream *stream = &streams->places[i];
        if (stream->id != 0 && initial + (int64_t)stream->send_window > WINDOW_LIMIT)
            return false;
    }
    flow->initial_send = initial;
    return true;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void flow_announce(struct flow *flow, uint32_t initial)
{
    flow->announced = initial;
    flow->initial_receive = larger(flow->initial_receive, initial);
    /* One more than fit: the two newest are taken for one, of the larger window. */
    if (flow->waiting_count == WAITING_SETTINGS) {
        int64_t *newest = &flow->waiting[WAITING_SETTINGS - 1];
        *newest = larger(*newest, initial);
        return;
    }
    flow->waiting[flow->waiting_count++] = initial;
}

bool flow_acknowledge(struct flow *flow)
{
    if (flow->waiting_count == 0)
        return false;
    flow->initial_receive = flow->waiting[0];
    flow->waiting_count--;
    memmove(flow->waiting, flow->waiting + 1, flow->waiting_count * sizeof flow->waiting[0]);
    for (size_t i = 0; i < flow->waiting_count; i++)
        flow->initial_receive = larger(flow->initial_receive, flow->waiting[i]);
    return true;
}
