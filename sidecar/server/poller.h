/* SPDX-License-Identifier: MIT */
/* Events of our own among C-core's: a tag that is posted is called on the poller's
 * thread. */
#pragma once

#include "server/core.h"

struct poller;

struct poller *poller_new(grpc_completion_queue *queue);

/* Any thread, until the queue is shut down. A tag may be posted again once it has been called. */
void poller_post(struct poller *poller, struct tag *tag);

/* Waits for the next event and calls its tag; false when the queue has been shut down and is empty.
 * The poller's thread, or before it runs. */
static inline bool poller_handle_event(grpc_completion_queue *queue)
{
    grpc_event event = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    if (event.type == GRPC_QUEUE_SHUTDOWN)
        return false;
    struct tag *tag = event.tag;
    tag->happened(tag, event.success);
    return true;
}

/* After the queue has been drained; NULL is allowed. */
void poller_free(struct poller *poller);
