/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/clock.h"
#include "pipeline/transaction.h"

#include "base/banned.h"

bool walk_only_reads(const struct walk *walk)
{
    return walk->unknown_outcome || call_method(walk->call)->only_reads;
}

/* A refused credential is read again; if there is another one by now, the call is sent once more
 * with it. */
static bool has_new_credential(struct walk *walk)
{
    if (walk->fault.effect != FAULT_CREDENTIAL || walk->refreshed ||
        !credential_refresh(walk->road->credential, walk->credential))
        return false;
    walk->refreshed = true;
    walk->exchange.rest_ns = 0;
    return true;
}

/* Whether it is certain that the request was not processed, or that this changes nothing, and that
 * it may go better later. */
static bool was_turned_away(const struct walk *walk)
{
    enum exchange_cause cause = walk->exchange.cause;
    if (walk->exchange.outcome == EXCHANGE_ANSWERED)
        return walk->fault.effect == FAULT_PASSING || walk->fault.effect == FAULT_THROTTLED;
    return (walk->exchange.outcome == EXCHANGE_NOT_SENT || walk_only_reads(walk)) &&
           (cause == EXCHANGE_CAUSE_CONNECT || cause == EXCHANGE_CAUSE_LOST);
}

/* Attempts of several layers would multiply: who repeats the call as long as it is not committed
 * has begun to do so. */
static bool is_retried_by_caller(const struct walk *walk)
{
    return walk->trace.is_retry && !walk->committed;
}

bool walk_may_attempt(struct walk *walk, unsigned made, int64_t wanted_ns)
{
    uint64_t random;
    arc4random_buf(&random, sizeof random);
    return attempt_again(&walk->road->budget, made, wanted_ns, walk_time_left_ns(walk), random,
                         &walk->exchange.rest_ns);
}

bool walk_may_repeat(struct walk *walk, unsigned made)
{
    int64_t wanted_ns =
        walk->exchange.stay_away_ns + refusal_spread_ms(walk->fault.wait_ms) * CLOCK_NS_PER_MS;
    if (has_new_credential(walk)) {
        count_retry(walk, METRIC_RETRY_CREDENTIAL);
        return true;
    }
    if (!was_turned_away(walk) || is_retried_by_caller(walk) ||
        !walk_may_attempt(walk, made, wanted_ns))
        return false;
    count_retry(walk, METRIC_RETRY_TURNED_AWAY);
    return true;
}
