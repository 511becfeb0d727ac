/* SPDX-License-Identifier: MIT */
#include "pipeline/call_metrics.h"

#include "base/clock.h"
#include "pipeline/transaction.h"

#include "base/banned.h"

/* Of failures that the service told, ErrorInfo's reason is the vendor's code, which the answers are
 * counted by: the last row. */
static const char *const reasons[REASON_COUNT + 1] = {
#define REASON(name, meaning) [REASON_##name] = #name,
    REASONS(REASON)
#undef REASON
        [REASON_COUNT] = "_OTHER",
};

static const char *const outcomes[] = {
    [EXCHANGE_NOT_SENT] = "not_sent",
    [EXCHANGE_PERHAPS_PROCESSED] = "perhaps_processed",
    [EXCHANGE_ANSWERED] = "answered",
};

static const char *const causes[] = {
    [EXCHANGE_CAUSE_NONE] = "none",
    [EXCHANGE_CAUSE_CONNECT] = "connect",
    [EXCHANGE_CAUSE_BREAKER] = "breaker",
    [EXCHANGE_CAUSE_OVERLOADED] = "overloaded",
    [EXCHANGE_CAUSE_LOST] = "lost",
    [EXCHANGE_CAUSE_UNREADABLE_RESPONSE] = "unreadable_response",
    [EXCHANGE_CAUSE_RESPONSE_TOO_LARGE] = "response_too_large",
    [EXCHANGE_CAUSE_DEADLINE] = "deadline",
    [EXCHANGE_CAUSE_CANCELLED] = "cancelled",
    [EXCHANGE_CAUSE_STOPPED] = "stopped",
    [EXCHANGE_CAUSE_CONNECTION_AGE] = "connection_age",
    [EXCHANGE_CAUSE_UNPREPARED] = "unprepared",
};

void count_values(struct metric_values given[METRIC_LABEL_COUNT])
{
    given[METRIC_LABEL_STEP] = (struct metric_values){walk_step_names, STEP_COUNT};
    given[METRIC_LABEL_REASON] = (struct metric_values){reasons, array_length(reasons)};
    given[METRIC_LABEL_OUTCOME] = (struct metric_values){outcomes, array_length(outcomes)};
    given[METRIC_LABEL_CAUSE] = (struct metric_values){causes, array_length(causes)};
    given[METRIC_LABEL_BREAKER] = (struct metric_values){breaker_state_names, BREAKER_STATES};
    /* Without RECOVERY_NONE, which is no look-up. */
    given[METRIC_LABEL_VERDICT] =
        (struct metric_values){recovery_verdict_names + 1, RECOVERY_VERDICTS - 1};
}

static void count_response(struct metrics *metrics, const struct exchange *exchange,
                           struct text vendor_code)
{
    char digits[DECIMAL_BYTES];
    struct text status = {digits, text_from_u64(digits, exchange->http_status)};
    metric_count_seen(metrics, METRIC_UPSTREAM_RESPONSES, status, vendor_code);
}

void count_exchange(const struct walk *walk, struct text vendor_code)
{
    struct metrics *metrics = walk->road->metrics;
    const struct exchange *exchange = &walk->exchange;
    int64_t waited_until_ns = exchange->started_ns ? exchange->started_ns : exchange->ended_ns;
    metric_count(metrics, METRIC_UPSTREAM_EXCHANGES, exchange->outcome, exchange->cause);
    metric_observe(metrics, METRIC_UPSTREAM_QUEUE_DURATION, 0,
                   waited_until_ns - exchange->queued_ns);
    if (exchange->http_status)
        count_response(metrics, exchange, vendor_code);
    if (!exchange->started_ns)
        return;
    metric_count(metrics, METRIC_UPSTREAM_CONNECTION_USES, exchange->connection_reused, 0);
    metric_observe(metrics, METRIC_UPSTREAM_DURATION, 0, exchange->ended_ns - exchange->started_ns);
}

void count_retry(const struct walk *walk, enum metric_retry retry)
{
    metric_count(walk->road->metrics, METRIC_UPSTREAM_RETRIES, retry, 0);
}

void count_look_up(const struct walk *walk)
{
    metric_count(walk->road->metrics, METRIC_RECOVERIES, (size_t)walk->verdict - 1, 0);
}

static size_t reason_of(const struct walk *walk)
{
    size_t reason = 0;
    while (reason < REASON_COUNT && !text_equal(walk->details.reason, text_of(reasons[reason])))
        reason++;
    return reason;
}

void count_call(const struct walk *walk)
{
    const struct road *road = walk->road;
    size_t method = (size_t)(call_method(walk->call) - road->methods);
    metric_count(road->metrics, METRIC_CALLS, method, walk->status.code);
    metric_observe(road->metrics, METRIC_CALL_DURATION, method,
                   clock_now_ns() - call_received_ns(walk->call));
    metric_count(road->metrics, METRIC_CALLS_ENDED, walk->step, 0);
    if (walk->status.code == STATUS_OK)
        return;
    size_t reason = reason_of(walk);
    metric_count(road->metrics, METRIC_FAILURES, reason, 0);
    if (reason == REASON_CALLER_NOT_ALLOWED)
        metric_count_seen(road->metrics, METRIC_CALLERS_DENIED, call_caller(walk->call),
                          (struct text){NULL, 0});
}
