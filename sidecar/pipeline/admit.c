/* SPDX-License-Identifier: MIT */
#include "pipeline/admit.h"

#include "base/banned.h"

static bool has_time(struct transaction *transaction)
{
    if (transaction_time_left_ns(transaction) > 0)
        return true;
    if (call_ends_with_connection(transaction->call))
        return status_fail(&transaction->status, STATUS_UNAVAILABLE,
                           "the connection has reached --max-age and --max-age-grace: connect "
                           "again; nothing was sent");
    return status_fail(&transaction->status, STATUS_DEADLINE_EXCEEDED,
                       "the deadline had passed when the call came; nothing was sent");
}

static bool is_one_too_many(struct transaction *transaction)
{
    const struct config *config = transaction->pipeline->config;
    if (call_in_flight(transaction->call) <= config->max_in_flight)
        return false;
    (void)status_fail(&transaction->status, STATUS_RESOURCE_EXHAUSTED,
                      "too many calls in flight: --max-in-flight allows %lu",
                      config->max_in_flight);
    return true;
}

static bool is_one_too_many_of_its_caller(struct transaction *transaction)
{
    struct pipeline *pipeline = transaction->pipeline;
    uint64_t most = pipeline->config->max_in_flight_per_caller;
    if (most == 0)
        return false;
    transaction->is_counted =
        callers_enter(&pipeline->callers, call_caller_hash(transaction->call), most);
    if (!transaction->is_counted)
        (void)status_fail(&transaction->status, STATUS_RESOURCE_EXHAUSTED,
                          "too many calls of this caller in flight: --max-in-flight-per-caller "
                          "allows %lu",
                          most);
    return !transaction->is_counted;
}

bool admit_call(struct transaction *transaction)
{
    return call_authorize(transaction->call, &transaction->status) &&
           !is_one_too_many(transaction) && !is_one_too_many_of_its_caller(transaction) &&
           has_time(transaction);
}

void admit_leave(struct transaction *transaction)
{
    if (transaction->is_counted)
        callers_leave(&transaction->pipeline->callers, call_caller_hash(transaction->call));
}
