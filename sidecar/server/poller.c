/* SPDX-License-Identifier: MIT */
#include "server/poller.h"

#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

/* A batch without operations is done at once, on the queue of its call; the call is never made. */
struct bell {
    grpc_channel *channel;
    grpc_call *rpc;
};

struct bell *bell_new(grpc_completion_queue *queue)
{
    struct bell *bell = memory_expect(calloc(1, sizeof *bell));
    bell->channel = grpc_lame_client_channel_create("bell", GRPC_STATUS_UNAVAILABLE, "no channel");
    bell->rpc = grpc_channel_create_call(bell->channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue,
                                         grpc_slice_from_static_string("/bell"), NULL,
                                         gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    return bell;
}

void bell_ring(struct bell *bell, struct tag *tag)
{
    if (grpc_call_start_batch(bell->rpc, NULL, 0, tag, NULL) != GRPC_CALL_OK)
        abort();
}

void bell_free(struct bell *bell)
{
    if (!bell)
        return;
    grpc_call_unref(bell->rpc);
    grpc_channel_destroy(bell->channel);
    free(bell);
}
