/* SPDX-License-Identifier: MIT */
#include "pipeline/retry.h"

#include <assert.h>

#include "base/clock.h"
#include "base/retry_wait.h"
#include "pipeline/recovery.h"

#include "base/banned.h"

/* Whether a connection may be there later. When none is tried for a moment, the client's policy
 * retries, unless the call is committed. */
static bool lacked_connection(const struct transaction *transaction)
{
    enum exchange_cause cause = transaction->exchange.cause;
    return cause == EXCHANGE_CAUSE_CONNECT || cause == EXCHANGE_CAUSE_LOST ||
           (cause == EXCHANGE_CAUSE_BREAKER && transaction->committed);
}

/* Whether the request was certainly not processed, or changes nothing, and may succeed later. */
static bool was_rejected(const struct transaction *transaction)
{
    enum fault_effect effect = transaction->fault.effect;
    if (transaction->exchange.outcome == EXCHANGE_ANSWERED)
        return effect == FAULT_PASSING || effect == FAULT_THROTTLED;
    return (transaction->exchange.outcome == EXCHANGE_NOT_SENT ||
            transaction_only_reads(transaction)) &&
           lacked_connection(transaction);
}

/* Whether the response was lost, on the way to us or behind an intermediary, and a second request
 * has no more effect than the first one alone. */
static bool lost_response(const struct transaction *transaction)
{
    if (transaction_idempotency(transaction) != IDEMPOTENT)
        return false;
    if (transaction->exchange.outcome == EXCHANGE_ANSWERED)
        return fault_is_lost_response(&transaction->fault);
    return transaction->exchange.outcome == EXCHANGE_PERHAPS_PROCESSED &&
           lacked_connection(transaction);
}

/* Attempts of several layers would multiply: a caller that has retried goes on until the call is
 * committed. */
static bool is_retried_by_caller(const struct transaction *transaction)
{
    return transaction->trace.is_retry && !transaction->committed;
}

/* Of the call's own request; look-ups are bounded. */
static bool was_throttled(const struct transaction *transaction)
{
    return !transaction->unknown_outcome && transaction->exchange.outcome == EXCHANGE_ANSWERED &&
           transaction->fault.effect == FAULT_THROTTLED;
}

enum retry_cause retry_judge(const struct transaction *transaction)
{
    if (transaction->has_to_wait)
        return RETRY_KEY;
    if (transaction->unknown_outcome && transaction->verdict != LOOKUP_FAILED)
        return recovery_proves_absence(transaction) ? RETRY_ABSENT : RETRY_NONE;
    if (transaction->fault.effect == FAULT_CREDENTIAL)
        return RETRY_CREDENTIAL;
    if (was_throttled(transaction) && !is_retried_by_caller(transaction))
        return RETRY_THROTTLED;
    if (lost_response(transaction))
        return RETRY_LOST;
    return was_rejected(transaction) && !is_retried_by_caller(transaction) ? RETRY_REJECTED
                                                                           : RETRY_NONE;
}

int64_t retry_wait_ns(const struct transaction *transaction)
{
    return transaction->exchange.local_retry_ns +
           retry_spread_ms(transaction->fault.attempt_delay_ms) * CLOCK_NS_PER_MS;
}

unsigned retry_attempts(const struct transaction *transaction)
{
    return transaction->unknown_outcome && transaction->verdict == LOOKUP_FAILED
               ? transaction->unknown_outcome->lookups
               : transaction->attempts;
}

enum metric_retry retry_metric(enum retry_cause cause)
{
    static const enum metric_retry metrics[] = {
        [RETRY_CREDENTIAL] = METRIC_RETRY_CREDENTIAL, [RETRY_THROTTLED] = METRIC_RETRY_THROTTLED,
        [RETRY_REJECTED] = METRIC_RETRY_REJECTED,     [RETRY_LOST] = METRIC_RETRY_LOST,
        [RETRY_ABSENT] = METRIC_RETRY_ABSENT,
    };
    assert(cause != RETRY_NONE && cause != RETRY_KEY);
    return metrics[cause];
}
