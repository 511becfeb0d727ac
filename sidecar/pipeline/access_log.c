/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "pipeline/transaction.h"
#include "system/secret.h"
#include "telemetry/log.h"

#include "base/banned.h"

/* Of the name in the details of an unknown outcome: the longest that the .proto allows, in UTF-8.
 */
#define LONGEST_NAME 1020

/* Of a project id that is told back. */
#define LONGEST_ID 64

static bool is_secret(const struct walk *walk, struct text text)
{
    return secret_is_in(text, credential_value(walk->credential));
}

void tell_no_secret(struct walk *walk)
{
    if (is_secret(walk, text_of(walk->status.message)))
        status_set(&walk->status, walk->status.code, "the upstream's answer cannot be used");
}

void tell_unreadable(const struct walk *walk)
{
    const struct unreadable *unreadable = &walk->unreadable;
    struct log_line line;
    if (!log_begin_repeat(&line, LOG_WARNING, LOG_REPEAT_RESPONSE_MEMBER))
        return;
    log_text(&line, "method", text_of(call_method(walk->call)->path));
    if (!is_secret(walk, unreadable->first))
        log_text(&line, "member", unreadable->first);
    log_text(&line, "reason", unreadable->reason);
    log_number(&line, "members", (int64_t)unreadable->count);
    log_text(&line, "request_id", trace_request_id(&walk->trace));
    log_end(&line);
}

/* The value of a field of the caller's request, cut; {NULL, 0} when there is no such text. */
static struct text requested(const struct walk *walk, struct text name, size_t most)
{
    const struct schema_field *field =
        schema_field_by_name(call_method(walk->call)->request, name, false);
    if (!field || field->type != FIELD_STRING || field->shape == FIELD_REPEATED)
        return (struct text){NULL, 0};
    const ProtobufCBinaryData *value = schema_value(walk->message, field);
    struct text text = {(const char *)value->data, value->len};
    return (struct text){text.data, text_cut(text, most)};
}

/* Where to look when the outcome is unknown: a create is found by its name. */
void tell_name_to_look_for(struct walk *walk)
{
    struct text name = text_literal("name");
    details_add(&walk->details, name, requested(walk, name, LONGEST_NAME));
}

/* What an operator has to check when the place is wrong. The region is part of the endpoint. */
static void tell_place(struct walk *walk)
{
    struct text authority = upstream_authority(walk->road->upstream),
                project = requested(walk, text_literal("project_id"), LONGEST_ID);
    struct status told = walk->status;
    status_set(&walk->status, told.code,
               "%s; asked was %.*s%.*s for project \"%.*s\": check --upstream or --region, and the "
               "project id",
               told.message, text_arguments(authority), text_arguments(walk->road->prefix),
               text_arguments(project));
}

/* Spreads the share of successes that is logged evenly over them. */
static bool is_sampled(struct road *road)
{
    double share = road->config->log_sample;
    if (share >= 1)
        return true;
    uint64_t before = atomic_fetch_add_explicit(&road->successes, 1, memory_order_relaxed);
    return (uint64_t)((double)(before + 1) * share) > (uint64_t)((double)before * share);
}

/* A fault that stays is for whoever watches; an outcome that nobody knows is for whoever looks. */
static enum log_level level_of(enum status_code code)
{
    return code == STATUS_INTERNAL ? LOG_ERROR : code == STATUS_UNKNOWN ? LOG_WARNING : LOG_INFO;
}

void tell_log(const struct walk *walk)
{
    const struct exchange *exchange = &walk->exchange;
    const struct schema_method *method = call_method(walk->call);
    int64_t received_ns = call_received_ns(walk->call);
    bool good = walk->status.code == STATUS_OK;
    enum log_level level = level_of(walk->status.code);
    struct log_line line;
    if (!log_enabled(level) || (good && !is_sampled(walk->road)))
        return;
    log_begin(&line, level, "call");
    log_text(&line, "method", text_of(method->path));
    log_text(&line, "peer", call_peer(walk->call));
    log_text(&line, "caller", call_caller(walk->call));
    log_text(&line, "step", text_of(walk_step_names[walk->step]));
    log_text(&line, "code", text_of(status_code_name(walk->status.code)));
    if (exchange->http_status)
        log_number(&line, "http_status", exchange->http_status);
    log_text(&line, "vendor_code", walk->fault.vendor_code);
    if (walk->attempts) {
        int64_t left_queue_ns = exchange->started_ns ? exchange->started_ns : exchange->ended_ns;
        log_milliseconds(&line, "queue_ms", left_queue_ns - exchange->queued_ns);
    }
    if (exchange->started_ns)
        log_milliseconds(&line, "upstream_ms", exchange->ended_ns - exchange->started_ns);
    if (walk->attempts > 1)
        log_number(&line, "attempts", walk->attempts);
    log_milliseconds(&line, "total_ms", clock_now_ns() - received_ns);
    log_number(&line, "request_bytes", (int64_t)walk->bytes.size);
    log_number(&line, "response_bytes", (int64_t)walk->response_bytes);
    log_text(&line, "request_id", trace_request_id(&walk->trace));
    log_text(&line, "trace_id", walk->trace.id);
    log_text(&line, "upstream_request_id", walk->fault.request_id);
    log_text(&line, "recovered", text_of(recovery_verdict_names[walk->verdict]));
    bool broke = exchange->outcome != EXCHANGE_ANSWERED || exchange->cause != EXCHANGE_CAUSE_NONE;
    if (!good && (walk->unknown_outcome || broke))
        log_text(&line, "reason",
                 text_of(walk->attempts && !walk->unknown_outcome ? exchange->status.message
                                                                  : walk->status.message));
    log_end(&line);
}

void tell_failure(struct walk *walk)
{
    char digits[DECIMAL_BYTES];
    if (walk->fault.effect == FAULT_MISDIRECTED)
        tell_place(walk);
    status_prepend(&walk->status, "%.*s", text_arguments(call_method(walk->call)->readable_name));
    if (walk->exchange.http_status)
        details_add(&walk->details, text_literal("http_status"),
                    (struct text){digits, text_from_u64(digits, walk->exchange.http_status)});
    details_add(&walk->details, text_literal("step"), text_of(walk_step_names[walk->step]));
    if (walk->fault.effect == FAULT_SYSTEM)
        details_add(&walk->details, text_literal("outcome"), text_literal("unknown"));
    if (walk->status.code == STATUS_INTERNAL)
        details_add(&walk->details, text_literal("incident"), trace_request_id(&walk->trace));
    refusal_send(walk->call, &walk->details, &walk->status);
}

void tell_attempts(struct walk *walk)
{
    char digits[DECIMAL_BYTES];
    call_send_trailer(walk->call, "x-apig-attempts",
                      (struct text){digits, text_from_u64(digits, walk->sent_attempts)});
}
