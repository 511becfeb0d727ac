/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/clock.h"
#include "pipeline/transaction.h"

#include "base/banned.h"

bool transaction_only_reads(const struct transaction *transaction)
{
    return transaction->unknown_outcome || call_method(transaction->call)->only_reads;
}

/* A refused credential is read again; if there is another one by now, the call is sent once more
 * with it. */
static bool has_new_credential(struct transaction *transaction)
{
    if (transaction->fault.effect != FAULT_CREDENTIAL || transaction->refreshed ||
        !credential_refresh(transaction->pipeline->credential, transaction->credential))
        return false;
    transaction->refreshed = true;
    transaction->exchange.delay_ns = 0;
    return true;
}

/* Whether it is certain that the request was not processed, or that this changes nothing, and that
 * it may go better later. */
static bool was_turned_away(const struct transaction *transaction)
{
    enum exchange_cause cause = transaction->exchange.cause;
    if (transaction->exchange.outcome == EXCHANGE_ANSWERED)
        return transaction->fault.effect == FAULT_PASSING ||
               transaction->fault.effect == FAULT_THROTTLED;
    return (transaction->exchange.outcome == EXCHANGE_NOT_SENT ||
            transaction_only_reads(transaction)) &&
           (cause == EXCHANGE_CAUSE_CONNECT || cause == EXCHANGE_CAUSE_LOST);
}

/* Attempts of several layers would multiply: who repeats the call as long as it is not committed
 * has begun to do so. */
static bool is_retried_by_caller(const struct transaction *transaction)
{
    return transaction->trace.is_retry && !transaction->committed;
}

bool retry_is_allowed(struct transaction *transaction, unsigned made, int64_t wanted_ns)
{
    uint64_t random;
    arc4random_buf(&random, sizeof random);
    return retry_budget_allow(&transaction->pipeline->budget, made, wanted_ns,
                              transaction_time_left_ns(transaction), random,
                              &transaction->exchange.delay_ns);
}

bool retry_is_due(struct transaction *transaction, unsigned made)
{
    int64_t wanted_ns = transaction->exchange.retry_after_ns +
                        failure_spread_ms(transaction->fault.wait_ms) * CLOCK_NS_PER_MS;
    if (has_new_credential(transaction)) {
        call_metrics_retry(transaction, METRIC_RETRY_CREDENTIAL);
        return true;
    }
    if (!was_turned_away(transaction) || is_retried_by_caller(transaction) ||
        !retry_is_allowed(transaction, made, wanted_ns))
        return false;
    call_metrics_retry(transaction, METRIC_RETRY_TURNED_AWAY);
    return true;
}
