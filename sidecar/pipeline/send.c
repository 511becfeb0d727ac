/* SPDX-License-Identifier: MIT */
#include "pipeline/send.h"

#include "pipeline/prepare.h"

#include "base/banned.h"

static void on_released(struct exchange *exchange)
{
    call_release(container_of(exchange, struct transaction, exchange)->call);
}

static void commit(struct transaction *transaction)
{
    transaction->committed = true;
    call_commit(transaction->call);
}

static bool commit_in_turn(struct exchange *exchange)
{
    struct transaction *transaction = container_of(exchange, struct transaction, exchange);
    bool has_room = call_has_room(transaction->call);
    commit(transaction);
    return has_room;
}

static uint64_t caller_hash_of(struct exchange *exchange)
{
    struct transaction *transaction = container_of(exchange, struct transaction, exchange);
    return call_caller_hash(transaction->call);
}

static bool prepare(struct exchange *exchange)
{
    struct transaction *transaction = container_of(exchange, struct transaction, exchange);
    if (prepare_to_go(transaction))
        return true;
    exchange->status = transaction->status;
    status_clear(&transaction->status);
    return false;
}

static void set_up_exchange(struct transaction *transaction)
{
    struct exchange *exchange = &transaction->exchange;
    exchange->arena = &transaction->response_arena;
    exchange->deadline_ns = call_deadline_ns(transaction->call);
    exchange->deadline_cause = call_ends_with_connection(transaction->call)
                                   ? EXCHANGE_CAUSE_CONNECTION_AGE
                                   : EXCHANGE_CAUSE_DEADLINE;
    exchange->commit =
        transaction->committed || transaction_only_reads(transaction) ? NULL : commit_in_turn;
    exchange->caller_hash = caller_hash_of;
    exchange->prepare = prepare;
    exchange->released = on_released;
}

void send_next(struct transaction *transaction)
{
    set_up_exchange(transaction);
    upstream_send(transaction->pipeline->upstream, &transaction->exchange);
}

void send_first(struct transaction *transaction)
{
    struct upstream *upstream = transaction->pipeline->upstream;
    struct exchange *exchange = &transaction->exchange;
    set_up_exchange(transaction);
    if (!exchange->commit || !call_has_room(transaction->call) ||
        !upstream_reserve(upstream, exchange)) {
        upstream_send(upstream, exchange);
        return;
    }
    exchange->commit = NULL;
    commit(transaction);
}

void send_committed(struct call *call, bool good, void *context)
{
    (void)context;
    struct transaction *transaction = call_state(call);
    if (!transaction->exchange.commit) {
        transaction->exchange.withdrawn = !good;
        upstream_send(transaction->pipeline->upstream, &transaction->exchange);
        return;
    }
    call_hold(call);
    upstream_committed(&transaction->exchange, good);
}

void send_cancelled(struct call *call, void *context)
{
    (void)context;
    struct transaction *transaction = call_state(call);
    if (!transaction->handed_over)
        return;
    call_hold(call);
    upstream_cancel(&transaction->exchange);
    credential_end_wait(transaction->pipeline->credential, &transaction->credential);
}
