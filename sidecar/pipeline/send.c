/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "pipeline/transaction.h"

#include "base/banned.h"

void walk_wipe_request(struct walk *walk)
{
    struct text *bytes = &walk->exchange.request;
    explicit_bzero((char *)(uintptr_t)bytes->data, bytes->size);
    bytes->size = 0;
}

static void on_released(struct exchange *exchange)
{
    call_release(container_of(exchange, struct walk, exchange)->call);
}

/* An exchange's `commit`. */
static void commit(struct exchange *exchange)
{
    struct walk *walk = container_of(exchange, struct walk, exchange);
    walk->committed = true;
    call_commit(walk->call);
}

/* An exchange's `prepare`: the request waited, and its credential may have been replaced since. */
static bool sign_anew(struct exchange *exchange)
{
    struct walk *walk = container_of(exchange, struct walk, exchange);
    if (credential_is_current(walk->road->credential, walk->credential))
        return true;
    walk_wipe_request(walk);
    walk_release_credential(walk);
    walk->request.field_count--;
    if (walk_sign(walk))
        return true;
    exchange->status = walk->status;
    status_clear(&walk->status);
    return false;
}

static void prepare_exchange(struct walk *walk)
{
    walk->exchange.arena = &walk->response_arena;
    walk->exchange.deadline_ns = call_deadline_ns(walk->call);
    walk->exchange.deadline_cause = call_ends_with_connection(walk->call)
                                        ? EXCHANGE_CAUSE_CONNECTION_AGE
                                        : EXCHANGE_CAUSE_DEADLINE;
    walk->exchange.commit = walk->committed || walk_only_reads(walk) ? NULL : commit;
    walk->exchange.prepare = sign_anew;
    walk->exchange.done = walk_exchanged;
    walk->exchange.released = on_released;
}

void walk_exchange(struct walk *walk)
{
    prepare_exchange(walk);
    upstream_send(walk->road->upstream, &walk->exchange);
}

/* A call for which a connection is free is committed here, and handed over when that is done. */
bool walk_send(struct walk *walk)
{
    walk->attempts++;
    attempt_budget_earn(&walk->road->budget);
    prepare_exchange(walk);
    if (!walk->exchange.commit || !upstream_reserve(walk->road->upstream, &walk->exchange)) {
        upstream_send(walk->road->upstream, &walk->exchange);
        return true;
    }
    walk->exchange.commit = NULL;
    commit(&walk->exchange);
    return true;
}

/* A call_handler's `committed`. */
void walk_committed(struct call *call, bool good, void *context)
{
    (void)context;
    struct walk *walk = call_state(call);
    if (!walk->exchange.commit) {
        walk->exchange.withdrawn = !good;
        walk_exchange(walk);
        return;
    }
    call_hold(call);
    upstream_committed(&walk->exchange, good);
}

void walk_cancelled(struct call *call, void *context)
{
    (void)context;
    struct walk *walk = call_state(call);
    if (!walk->handed_over)
        return;
    call_hold(call);
    upstream_cancel(&walk->exchange);
}
