/* SPDX-License-Identifier: MIT */
#include "pipeline/access_log.h"

#include "base/clock.h"
#include "system/redact.h"
#include "telemetry/log.h"

#include "base/banned.h"

/* Logs the beginning of the text without secrets. */
static void log_redacted(struct log_line *line, struct text key, struct text text,
                         const struct transaction *transaction)
{
    char copy[REDACT_BYTES];
    size_t size = text_cut(text, sizeof copy);
    if (size == 0)
        return;
    memcpy(copy, text.data, size);
    size = redact(credential_secrets(transaction->pipeline->credential), copy, size);
    log_text_member(line, key, (struct text){copy, size});
}

void access_log_unreadable(const struct transaction *transaction)
{
    const struct unreadable *unreadable = &transaction->unreadable;
    struct log_line line;
    if (!log_begin_repeat(&line, LOG_WARNING, LOG_REPEAT_RESPONSE_MEMBER))
        return;
    log_text(&line, "method", text_of(transaction->method->path));
    log_redacted(&line, LOG_KEY("member"), unreadable->first, transaction);
    log_redacted(&line, LOG_KEY("message"), unreadable->reason, transaction);
    log_number(&line, "members", (int64_t)unreadable->count);
    log_text(&line, "request_id", trace_headers_request_id(&transaction->trace));
    log_end(&line);
}

/* Logs the share --log-sample of successes, spread evenly. Relaxed, as only a count. */
static bool is_sampled(struct pipeline *pipeline)
{
    double share = pipeline->config->log_sample;
    if (share >= 1)
        return true;
    uint64_t before = atomic_fetch_add_explicit(&pipeline->successes, 1, memory_order_relaxed);
    return (uint64_t)((double)(before + 1) * share) > (uint64_t)((double)before * share);
}

/* Failures that last: the first call that has one is a warning, the next ones are counted by
 * metrics, until a call succeeds. Relaxed: a call that ends at the same time may be on either side
 * of the change. */
static const enum reason outages[PIPELINE_OUTAGES] = {REASON_NO_CREDENTIAL,
                                                      REASON_UPSTREAM_UNREACHABLE};

static void end_outages(struct pipeline *pipeline)
{
    for (size_t i = 0; i < PIPELINE_OUTAGES; i++)
        if (atomic_load_explicit(&pipeline->outages[i], memory_order_relaxed))
            atomic_store_explicit(&pipeline->outages[i], false, memory_order_relaxed);
}

static bool begins_outage(const struct transaction *transaction)
{
    for (size_t i = 0; i < PIPELINE_OUTAGES; i++)
        if (text_equal(transaction->details.reason, reason_text(outages[i])))
            return !atomic_exchange(&transaction->pipeline->outages[i], true);
    return false;
}

/* INTERNAL stays until somebody acts; an unknown outcome has to be looked into. */
static enum log_level level_of(const struct transaction *transaction)
{
    enum status_code code = transaction->status.code;
    if (code == STATUS_INTERNAL)
        return LOG_ERROR;
    if (code == STATUS_UNKNOWN || (code == STATUS_UNAVAILABLE && begins_outage(transaction)))
        return LOG_WARNING;
    return LOG_INFO;
}

static struct text cause_of(const struct details *details)
{
    for (size_t i = 0; i < details->metadata_count; i++)
        if (text_equal(details->metadata[i].key, text_literal("cause")))
            return details->metadata[i].value;
    return (struct text){NULL, 0};
}

/* Reason and cause are those of ErrorInfo. */
static void log_failure(struct log_line *line, const struct transaction *transaction)
{
    log_redacted(line, LOG_KEY("reason"), transaction->details.reason, transaction);
    log_text(line, "cause", cause_of(&transaction->details));
    log_redacted(line, LOG_KEY("message"), text_of(transaction->status.message), transaction);
}

void access_log_write(const struct transaction *transaction)
{
    const struct exchange *exchange = &transaction->exchange;
    const struct schema_method *method = transaction->method;
    int64_t received_ns = call_received_ns(transaction->call);
    bool good = transaction->status.code == STATUS_OK;
    enum log_level level = good ? LOG_INFO : level_of(transaction);
    struct log_line line;
    if (good)
        end_outages(transaction->pipeline);
    if (!log_enabled(level) || (good && !is_sampled(transaction->pipeline)))
        return;
    log_begin(&line, level, "call");
    log_text(&line, "method", text_of(method->path));
    log_text(&line, "peer", call_peer(transaction->call));
    log_text(&line, "caller", call_caller(transaction->call));
    log_text(&line, "step", text_of(step_names[transaction->step]));
    log_text(&line, "code", text_of(status_code_name(transaction->status.code)));
    if (exchange->http_status)
        log_number(&line, "http_status", exchange->http_status);
    log_text(&line, "vendor_code", transaction->fault.vendor_code);
    if (transaction->attempts) {
        int64_t left_queue_ns = exchange->started_ns ? exchange->started_ns : exchange->ended_ns;
        log_milliseconds(&line, "queue_ms", left_queue_ns - exchange->queued_ns);
    }
    if (exchange->started_ns)
        log_milliseconds(&line, "upstream_ms", exchange->ended_ns - exchange->started_ns);
    if (transaction->attempts > 1)
        log_number(&line, "attempts", transaction->attempts);
    log_milliseconds(&line, "total_ms", clock_now_ns() - received_ns);
    log_number(&line, "request_bytes", (int64_t)transaction->bytes.size);
    log_number(&line, "response_bytes", (int64_t)transaction->response_bytes);
    log_text(&line, "request_id", trace_headers_request_id(&transaction->trace));
    log_text(&line, "trace_id", transaction->trace.id);
    log_text(&line, "upstream_request_id", transaction->fault.request_id);
    log_text(&line, "recovered", text_of(lookup_verdict_names[transaction->verdict]));
    if (!good)
        log_failure(&line, transaction);
    log_end(&line);
}
