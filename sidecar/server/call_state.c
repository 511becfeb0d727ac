/* SPDX-License-Identifier: MIT */
#include "server/call_state.h"

#include <stdlib.h>

#include "server/core.h"

#include "base/banned.h"

static void free_call(struct call *call)
{
    const struct unary_calls *calls = call->unary->calls;
    calls->handler->end(call, calls->handler->context);
    if (call->has_message)
        grpc_slice_unref(call->message);
    if (call->has_response)
        grpc_slice_unref(call->response);
    reply_clear(call);
    memory_budget_release(&calls->core->budget, call->response_size);
    grpc_metadata_array_destroy(&call->metadata);
    if (call->payload)
        grpc_byte_buffer_destroy(call->payload);
    grpc_call_unref(call->rpc);
    free(call);
    rpc_tracker_done(&calls->core->tracker);
}

void call_hold(struct call *call)
{
    atomic_fetch_add(&call->holders, 1);
}

void call_release(struct call *call)
{
    if (atomic_fetch_sub(&call->holders, 1) == 1)
        free_call(call);
}
