/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "pipeline/transaction.h"

#include "base/banned.h"

void transaction_wipe_request(struct transaction *transaction)
{
    struct text *bytes = &transaction->exchange.request;
    explicit_bzero((char *)(uintptr_t)bytes->data, bytes->size);
    bytes->size = 0;
}

static void on_released(struct exchange *exchange)
{
    call_release(container_of(exchange, struct transaction, exchange)->call);
}

/* An exchange's `commit`. */
static void commit(struct exchange *exchange)
{
    struct transaction *transaction = container_of(exchange, struct transaction, exchange);
    transaction->committed = true;
    call_commit(transaction->call);
}

/* An exchange's `prepare`: the request waited, and its credential may have been replaced since. */
static bool sign_anew(struct exchange *exchange)
{
    struct transaction *transaction = container_of(exchange, struct transaction, exchange);
    if (credential_is_current(transaction->pipeline->credential, transaction->credential))
        return true;
    transaction_wipe_request(transaction);
    transaction_release_credential(transaction);
    transaction->request.field_count--;
    if (transaction_sign(transaction))
        return true;
    exchange->status = transaction->status;
    status_clear(&transaction->status);
    return false;
}

static void prepare_exchange(struct transaction *transaction)
{
    transaction->exchange.arena = &transaction->response_arena;
    transaction->exchange.deadline_ns = call_deadline_ns(transaction->call);
    transaction->exchange.deadline_cause = call_ends_with_connection(transaction->call)
                                               ? EXCHANGE_CAUSE_CONNECTION_AGE
                                               : EXCHANGE_CAUSE_DEADLINE;
    transaction->exchange.commit =
        transaction->committed || transaction_only_reads(transaction) ? NULL : commit;
    transaction->exchange.prepare = sign_anew;
    transaction->exchange.done = transaction_exchanged;
    transaction->exchange.released = on_released;
}

void transaction_exchange(struct transaction *transaction)
{
    prepare_exchange(transaction);
    upstream_send(transaction->pipeline->upstream, &transaction->exchange);
}

/* A call for which a connection is free is committed here, and handed over when that is done. */
bool transaction_send(struct transaction *transaction)
{
    transaction->attempts++;
    retry_budget_earn(&transaction->pipeline->budget);
    prepare_exchange(transaction);
    if (!transaction->exchange.commit ||
        !upstream_reserve(transaction->pipeline->upstream, &transaction->exchange)) {
        upstream_send(transaction->pipeline->upstream, &transaction->exchange);
        return true;
    }
    transaction->exchange.commit = NULL;
    commit(&transaction->exchange);
    return true;
}

/* A call_handler's `committed`. */
void transaction_committed(struct call *call, bool good, void *context)
{
    (void)context;
    struct transaction *transaction = call_state(call);
    if (!transaction->exchange.commit) {
        transaction->exchange.withdrawn = !good;
        transaction_exchange(transaction);
        return;
    }
    call_hold(call);
    upstream_committed(&transaction->exchange, good);
}

void transaction_cancelled(struct call *call, void *context)
{
    (void)context;
    struct transaction *transaction = call_state(call);
    if (!transaction->handed_over)
        return;
    call_hold(call);
    upstream_cancel(&transaction->exchange);
}
