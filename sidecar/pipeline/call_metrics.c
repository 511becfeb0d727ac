/* SPDX-License-Identifier: MIT */
#include "pipeline/call_metrics.h"

#include "base/clock.h"
#include "pipeline/transaction.h"

#include "base/banned.h"

static const char *const outcomes[] = {
    [EXCHANGE_NOT_SENT] = "not_sent",
    [EXCHANGE_PERHAPS_PROCESSED] = "perhaps_processed",
    [EXCHANGE_ANSWERED] = "answered",
};

void call_metrics_values(struct metric_values given[METRIC_LABEL_COUNT])
{
    given[METRIC_LABEL_STEP] = (struct metric_values){step_names, STEP_COUNT};
    given[METRIC_LABEL_REASON] = (struct metric_values){reason_names, REASON_COUNT + 1};
    given[METRIC_LABEL_OUTCOME] = (struct metric_values){outcomes, array_length(outcomes)};
    given[METRIC_LABEL_CAUSE] = (struct metric_values){exchange_cause_names, EXCHANGE_CAUSE_COUNT};
    given[METRIC_LABEL_BREAKER] = (struct metric_values){breaker_state_names, BREAKER_STATES};
    /* LOOKUP_NONE is left out, because it does not stand for a look-up. */
    given[METRIC_LABEL_LOOKUP_VERDICT] =
        (struct metric_values){lookup_verdict_names + 1, LOOKUP_VERDICTS - 1};
}

static void count_response(struct metrics *metrics, const struct exchange *exchange,
                           struct text vendor_code)
{
    char digits[DECIMAL_BYTES];
    struct text status = {digits, text_from_u64(digits, exchange->http_status)};
    metric_count_seen(metrics, METRIC_UPSTREAM_RESPONSES, status, vendor_code);
}

void call_metrics_exchange(const struct transaction *transaction, struct text vendor_code)
{
    struct metrics *metrics = transaction->pipeline->metrics;
    const struct exchange *exchange = &transaction->exchange;
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

void call_metrics_retry(const struct transaction *transaction, enum metric_retry retry)
{
    metric_count(transaction->pipeline->metrics, METRIC_UPSTREAM_RETRIES, retry, 0);
}

void call_metrics_lookup(const struct transaction *transaction)
{
    metric_count(transaction->pipeline->metrics, METRIC_RECOVERIES,
                 (size_t)transaction->verdict - 1, 0);
}

/* The vendor's reasons are many, and its responses are counted by code elsewhere. */
static enum reason find_reason(struct text name)
{
    enum reason reason = 0;
    while (reason < REASON_COUNT && !text_equal(name, reason_text(reason)))
        reason++;
    return reason;
}

static void count_failure(struct metrics *metrics, enum reason reason, struct text caller)
{
    metric_count(metrics, METRIC_FAILURES, reason, 0);
    if (reason == REASON_CALLER_NOT_ALLOWED)
        metric_count_seen(metrics, METRIC_CALLERS_DENIED, caller, (struct text){NULL, 0});
}

void call_metrics_refused(const struct pipeline *pipeline, const struct call_refusal *refusal,
                          enum step step)
{
    metric_count(pipeline->metrics, METRIC_CALLS, refusal->method, refusal->code);
    metric_count(pipeline->metrics, METRIC_CALLS_ENDED, step, 0);
    count_failure(pipeline->metrics, refusal->reason, refusal->caller);
}

void call_metrics_call(const struct transaction *transaction)
{
    const struct pipeline *pipeline = transaction->pipeline;
    size_t method = (size_t)(transaction->method - pipeline->methods);
    metric_count(pipeline->metrics, METRIC_CALLS, method, transaction->status.code);
    metric_observe(pipeline->metrics, METRIC_CALL_DURATION, method,
                   clock_now_ns() - call_received_ns(transaction->call));
    metric_count(pipeline->metrics, METRIC_CALLS_ENDED, transaction->step, 0);
    if (transaction->status.code != STATUS_OK)
        count_failure(pipeline->metrics, find_reason(transaction->details.reason),
                      call_caller(transaction->call));
}
