/* SPDX-License-Identifier: MIT */
/*
 * What the parts of this layer share about gRPC C-core: how an event finds the code that waits for
 * it. Every operation is started with a tag; when it is done the poller's thread calls the tag.
 * Only this layer sees C-core's types.
 */
#pragma once

#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>

#include "base/text.h"

struct tag {
    /* `good` is false when the operation failed or the server is shutting down. The poller's
     * thread. */
    void (*happened)(struct tag *tag, bool good);
};

/* A view of a slice's bytes, valid as long as the slice. For short slices that is the struct
 * itself. */
static inline struct text core_text(const grpc_slice *slice)
{
    return (struct text){(const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

static inline grpc_slice core_slice(struct text text)
{
    return grpc_slice_from_copied_buffer(text.data, text.size);
}

/* What all calls and streams of a server share: how many of them live, and one more while the
 * server takes new ones. Any thread. */
struct rpc_tracker {
    atomic_size_t count;
    atomic_bool refusing; /* calls that open from now on are not begun */
    int ended_fd;         /* an eventfd that is written to when the last one leaves */
    struct listeners *listeners;
};

/* The descriptor of the connection that a call came on, -1 when that is not one of ours; it stays
 * open as long as the call. C-core tells while the call is open. */
int core_descriptor(grpc_call *rpc);

/* The same, by the name that C-core gave the call's peer. */
int core_descriptor_named(const char *peer);

static inline void rpc_tracker_add(struct rpc_tracker *tracker)
{
    atomic_fetch_add(&tracker->count, 1);
}

static inline void rpc_tracker_done(struct rpc_tracker *tracker)
{
    /* Read before: whoever waits for the last one may free all this at once. */
    int fd = tracker->ended_fd;
    if (atomic_fetch_sub(&tracker->count, 1) == 1)
        (void)eventfd_write(fd, 1);
}
