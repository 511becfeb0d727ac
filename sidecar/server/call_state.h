/* SPDX-License-Identifier: MIT */
/* The members of a call, for call.c, which receives it, and reply.c, which replies to it.
 * call_state.c frees it with its last holder. */
#pragma once

#include <grpc/byte_buffer.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "server/front.h"
#include "server/unary.h"
#include "system/task_stack.h"

struct metadata_list {
    size_t count;
    grpc_metadata list[CALL_METADATA];
};

struct call {
    struct tag opened, replied;
    struct task replying, leaving;
    struct front_call stream;
    struct front_commit commit;
    TAILQ_ENTRY(call) place; /* in the list of open calls */
    const struct unary_method *unary;
    grpc_call *rpc;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_byte_buffer *payload;
    grpc_slice message, response;
    enum status_code code; /* of the reply */
    grpc_slice details;    /* its message, of a failure */
    bool has_message, has_response;
    size_t response_size; /* as far as the budget knows it */
    bool is_late;         /* its caller had gone when it came, and its peer is not known */
    bool is_committed;
    atomic_bool has_headers; /* the front is done with the commit */
    bool ends_with_connection;
    int cancelled; /* C-core writes it, and nobody reads it */
    atomic_int holders;
    int64_t received_ns, deadline_ns;
    /* From here on nothing is zeroed for each call. */
    struct peer peer;
    struct metadata_list initial, trailing;
    struct guard_field headers[CALL_METADATA]; /* `initial`, for the commit */
    alignas(max_align_t) char state[];
};

/* Sets the task that starts the reply, and its tag. */
void reply_init(struct call *call);

/* Releases what the reply does not: metadata that a commit may still refer to. */
void reply_clear(struct call *call);
