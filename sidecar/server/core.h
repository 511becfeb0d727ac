/* SPDX-License-Identifier: MIT */
/*
 * The part of gRPC C-core that all modules of this layer share. Every operation is started with a
 * tag; when it has ended, the poller's thread calls the tag. C-core's types are seen in this layer
 * and in client/ only.
 */
#pragma once

#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/config.h"
#include "system/memory_budget.h"

struct tag {
    /* `good` is false when the operation failed or the server is shutting down. The poller's
     * thread. */
    void (*happened)(struct tag *tag, bool good);
};

/* A view of a slice's bytes, valid as long as the slice. A short slice has its bytes in the struct
 * itself. */
static inline struct text core_text(const grpc_slice *slice)
{
    return (struct text){(const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

static inline grpc_slice core_slice(struct text text)
{
    return grpc_slice_from_copied_buffer(text.data, text.size);
}

/* Time in which a caller has to read the end of its call. C-core would keep it for ever when the
 * caller keeps its window shut. */
#define CORE_DELIVERY_NS (5 * CLOCK_NS_PER_S)

/* Ends a call whose caller has not read its end in that time. */
static inline void core_end_undelivered(grpc_call *rpc)
{
    grpc_call_cancel_with_status(rpc, GRPC_STATUS_DEADLINE_EXCEEDED,
                                 "the caller did not read its response in time", NULL);
}

/* Counts the RPCs that are open, of all methods, and one more while the server takes new ones. Any
 * thread. */
struct rpc_tracker {
    atomic_size_t count;
    int ended_fd; /* an eventfd that is written to when the count becomes zero */
};

struct poller;

/* Needed by every module that serves RPCs. */
struct core {
    grpc_server *server;
    struct poller *poller;
    grpc_completion_queue *queue;
    struct front *front;         /* set before the poller's thread starts */
    struct memory_budget budget; /* of what callers make the process take */
    struct rpc_tracker tracker;
};

/* Sets the budget to --max-memory, or by the cgroup's limit. The memory of the process as it is now
 * is not for callers. */
void core_budget_init(struct memory_budget *budget, const struct config *config);

/* Makes C-core's server, without connections. The front keeps all limits, so that C-core's own are
 * wider or off. */
grpc_server *core_server_new(const struct config *config, const struct memory_budget *budget);

static inline void rpc_tracker_add(struct rpc_tracker *tracker)
{
    atomic_fetch_add(&tracker->count, 1);
}

static inline void rpc_tracker_done(struct rpc_tracker *tracker)
{
    /* Read before, because the tracker may be freed as soon as the count is zero. */
    int fd = tracker->ended_fd;
    if (atomic_fetch_sub(&tracker->count, 1) == 1)
        (void)eventfd_write(fd, 1);
}
