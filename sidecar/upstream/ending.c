/* SPDX-License-Identifier: MIT */
#include "upstream/ending.h"

#include <inttypes.h>

#include "base/clock.h"
#include "upstream/stage.h"

#include "base/banned.h"

static const struct {
    enum status_code code;
    const char *sentence;
    const char *limit; /* of an exchange's time */
} endings[] = {
    [EXCHANGE_CAUSE_DEADLINE] = {STATUS_DEADLINE_EXCEEDED, "the deadline passed", "the deadline"},
    [EXCHANGE_CAUSE_CANCELLED] = {STATUS_CANCELLED,
                                  "the call was cancelled or its connection ended", NULL},
    [EXCHANGE_CAUSE_STOPPED] = {STATUS_UNAVAILABLE, "the sidecar is stopping", NULL},
    [EXCHANGE_CAUSE_CONNECTION_AGE] =
        {STATUS_UNAVAILABLE, "the caller's connection reached --max-age and --max-age-grace",
         "the end of the caller's connection (--max-age and --max-age-grace)"},
};

void ending_report(struct exchange *exchange)
{
    stage_leave(exchange);
    if (exchange->holds_token && exchange->outcome == EXCHANGE_NOT_SENT)
        rate_gate_give_back(exchange->loop->rate);
    exchange->holds_token = false;
    if (event_initialized(&exchange->timer))
        event_del(&exchange->timer);
    exchange->ended_ns = clock_now_ns();
    exchange->done(exchange);
}

void ending_unsent(struct exchange *exchange, enum exchange_cause cause)
{
    exchange->outcome = EXCHANGE_NOT_SENT;
    exchange->cause = cause;
    status_set(&exchange->status, endings[cause].code, "%s before anything was sent",
               endings[cause].sentence);
    ending_report(exchange);
}

void ending_hurried(struct exchange *exchange)
{
    enum exchange_cause cause = exchange->deadline_cause;
    exchange->outcome = EXCHANGE_NOT_SENT;
    exchange->cause = cause;
    status_set(&exchange->status, endings[cause].code,
               "%s leaves less time than a connection ever took: the call ended before anything "
               "was sent",
               endings[cause].limit);
    ending_report(exchange);
}

static void end_running(struct exchange *exchange, enum exchange_cause cause)
{
    struct connection *connection = exchange->connection;
    exchange->cause = cause;
    status_set(&exchange->status, endings[cause].code, "%s while the upstream had the request",
               endings[cause].sentence);
    connection_abandon(connection);
    pool_abandon(exchange->loop->pool, connection, exchange);
    ending_report(exchange);
}

void ending_early(struct exchange *exchange, enum exchange_cause cause)
{
    if (exchange->connection)
        end_running(exchange, cause);
    else
        ending_unsent(exchange, cause);
}

void ending_overloaded(struct exchange *exchange, int64_t wait_ns, int64_t left_ns)
{
    const struct upstream_loop *loop = exchange->loop;
    exchange->outcome = EXCHANGE_NOT_SENT;
    exchange->cause = EXCHANGE_CAUSE_OVERLOADED;
    exchange->local_retry_ns = wait_ns;
    status_set(
        &exchange->status, STATUS_RESOURCE_EXHAUSTED,
        "the upstream is too slow for the calls that wait for it: the turn of this one comes "
        "in about %" PRId64 " ms and takes up to %" PRId64 " ms, but its deadline is in "
        "%" PRId64 " ms; more --upstream-connections than %zu, or fewer calls, may help",
        wait_ns / CLOCK_NS_PER_MS,
        wait_estimate_exchange_ns(&pool_admission(loop->pool)->estimate) / CLOCK_NS_PER_MS,
        left_ns / CLOCK_NS_PER_MS, loop->most_connections);
    ending_report(exchange);
}

void ending_throttled(struct exchange *exchange, int64_t wait_ns, int64_t left_ns)
{
    exchange->outcome = EXCHANGE_NOT_SENT;
    exchange->cause = EXCHANGE_CAUSE_THROTTLED;
    exchange->local_retry_ns = wait_ns;
    status_set(&exchange->status, STATUS_RESOURCE_EXHAUSTED,
               "the upstream allows %.3g calls/s, or --upstream-rate does: the turn of this one "
               "comes in about %" PRId64 " ms, but its deadline is in %" PRId64 " ms",
               rate_gate_per_s(exchange->loop->rate), wait_ns / CLOCK_NS_PER_MS,
               left_ns / CLOCK_NS_PER_MS);
    ending_report(exchange);
}

static void end_unreachable(struct exchange *exchange, const struct pool_failure *failure)
{
    exchange->outcome = EXCHANGE_NOT_SENT;
    exchange->local_retry_ns = failure->wait_ns;
    exchange->status = *failure->status;
    exchange->cause = EXCHANGE_CAUSE_CONNECT;
    if (exchange->queued_ns > failure->at_ns) {
        exchange->cause = EXCHANGE_CAUSE_BREAKER;
        status_prepend(&exchange->status, "connections are not tried for a moment");
    }
    ending_report(exchange);
}

void ending_unreachable(struct upstream_loop *loop)
{
    static const enum exchange_stage stages[] = {EXCHANGE_STAGE_READY, EXCHANGE_STAGE_WAITING};
    struct pool_failure failure = pool_failure(loop->pool);
    struct exchange *exchange;
    for (size_t i = 0; i < array_length(stages); i++)
        while ((exchange = stage_first(loop, stages[i])))
            end_unreachable(exchange, &failure);
}
