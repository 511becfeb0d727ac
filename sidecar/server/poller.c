/* SPDX-License-Identifier: MIT */
#include "server/poller.h"

#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

/* A batch without operations is done at once, on the queue of its call; the call is never made. */
struct poller {
    grpc_channel *channel;
    grpc_call *rpc;
};

struct poller *poller_new(grpc_completion_queue *queue)
{
    struct poller *poller = memory_expect(calloc(1, sizeof *poller));
    poller->channel =
        grpc_lame_client_channel_create("poller", GRPC_STATUS_UNAVAILABLE, "no channel");
    poller->rpc = grpc_channel_create_call(poller->channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue,
                                           grpc_slice_from_static_string("/poller"), NULL,
                                           gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    return poller;
}

void poller_post(struct poller *poller, struct tag *tag)
{
    if (grpc_call_start_batch(poller->rpc, NULL, 0, tag, NULL) != GRPC_CALL_OK)
        abort();
}

void poller_free(struct poller *poller)
{
    if (!poller)
        return;
    grpc_call_unref(poller->rpc);
    grpc_channel_destroy(poller->channel);
    free(poller);
}
