/* SPDX-License-Identifier: MIT */
/*
 * One upstream thread: an event loop, a pool of connections and one queue of exchanges in the order
 * in which they came. The upstream owns its loops; other threads post tasks to them.
 */
#pragma once

#include <semaphore.h>

#include "system/event_thread.h"
#include "upstream/connect_status.h"
#include "upstream/pool.h"
#include "upstream/queue.h"
#include "upstream/upstream.h"

struct upstream_loop {
    struct event_thread thread;
    struct pool *pool;
    struct task end_all;
    sem_t all_ended;
    struct queue waiting;
    /* In the order in which they entered; those that wait for their turn are in `waiting`. */
    struct exchange_list stages[EXCHANGE_STAGE_COUNT];
    size_t counts[EXCHANGE_STAGE_COUNT];
    size_t slots; /* free connections that are kept for exchanges whose commit is waited for */
    struct event *late_commits, *leases, *next_token;
    struct rate_gate *rate;     /* of all loops */
    int64_t swept_ns;           /* its lowered_ns when those that wait were last looked through */
    struct rate_meter accepted; /* calls that the upstream has not throttled */
    atomic_size_t limit, hung, times_lowered; /* of the pool's admission, for other threads */
    size_t most_connections;
    size_t count; /* of the upstream's loops */
    /*
     * Reservations: `granted` may have been made in all, `reserved` were, and `arrived` of their
     * exchanges have been handed over. The loop's thread writes `granted`, the thread that reserves
     * writes `reserved`; they only grow, and may wrap.
     */
    atomic_size_t granted;
    size_t reserved, arrived;
    struct connect_status *connect_status; /* of all loops */
    bool ended;                            /* by end_all: nothing starts any more */
};

/* Parts that the loops of an upstream share. */
struct loop_shared {
    struct trust_store *trust_store; /* of ca_file; NULL: the system's */
    struct connect_status connect_status;
    struct rate_gate rate;
    _Atomic int64_t unanswered_ns; /* as pool_owner says; 0: none */
};

/* Opens a loop that is all zero and starts its thread, which is the upstream's `number`th;
 * `settings` and `shared` must outlive it. INTERNAL when threads or descriptors run out,
 * INVALID_ARGUMENT when libcurl refuses a setting. */
must_use bool loop_open(struct upstream_loop *loop, size_t number,
                        const struct upstream_settings *settings, struct loop_shared *shared,
                        struct status *status);

/* Ends the thread and closes all connections; no exchange may be under way. Also for a loop that
 * could not be opened. */
void loop_close(struct upstream_loop *loop);

/* The exchange is this loop's from now on. */
void loop_adopt(struct upstream_loop *loop, struct exchange *exchange);

/* Of exchanges that a loop has adopted; threads as upstream_reserve, upstream_committed,
 * upstream_send and upstream_cancel say. */
must_use bool loop_reserve(struct exchange *exchange);
void loop_committed(struct exchange *exchange);
void loop_send(struct exchange *exchange);
void loop_cancel(struct exchange *exchange);

/* Ends all exchanges under way; loop_wait_ended returns when that is done. Any other thread, once.
 */
void loop_end_all(struct upstream_loop *loop);
void loop_wait_ended(struct upstream_loop *loop);
