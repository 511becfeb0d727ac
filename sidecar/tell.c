/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/log.h"
#include "walk.h"

#include "base/banned.h"

/* Of the name in the details of an unknown outcome: the longest that the .proto allows, in UTF-8.
 */
#define LONGEST_NAME 1020

/* A yes with one thing in it that cannot be read is a yes; the log says what is missing. */
void tell_unreadable(struct text path, const struct status *why, void *context)
{
    const struct walk *walk = context;
    struct log_line line;
    if (!log_begin_repeat(&line, LOG_WARNING, LOG_REPEAT_ANSWER_MEMBER))
        return;
    log_text(&line, "method", text_of(call_method(walk->call)->path));
    log_text(&line, "member", path);
    log_text(&line, "reason", text_of(why->message));
    log_text(&line, "request_id", trace_request_id(&walk->trace));
    log_end(&line);
}

/* Where to look when the outcome is unknown: a create is found by its name. */
void tell_name_to_look_for(struct walk *walk)
{
    const struct schema_field *field =
        schema_field_by_name(call_method(walk->call)->request, text_literal("name"), false);
    if (!field || field->type != FIELD_STRING || field->shape == FIELD_REPEATED)
        return;
    const ProtobufCBinaryData *name = schema_value(walk->message, field);
    struct text text = {(const char *)name->data, name->len};
    details_add(&walk->details, field->name, (struct text){text.at, text_cut(text, LONGEST_NAME)});
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

void tell_log(const struct walk *walk)
{
    const struct exchange *exchange = &walk->exchange;
    const struct schema_method *method = call_method(walk->call);
    int64_t received_ns = call_received_ns(walk->call);
    bool good = walk->status.code == STATUS_OK;
    struct log_line line;
    if (!log_enabled(LOG_INFO) || (good && !is_sampled(walk->road)))
        return;
    log_begin(&line, LOG_INFO, "call");
    log_text(&line, "method", text_of(method->path));
    log_text(&line, "peer", call_peer(walk->call));
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
    log_number(&line, "request_bytes", (int64_t)walk->bytes.bytes);
    log_number(&line, "answer_bytes", (int64_t)walk->answer_bytes);
    log_text(&line, "request_id", trace_request_id(&walk->trace));
    log_text(&line, "upstream_request_id", walk->fault.request_id);
    log_text(&line, "recovered", text_of(recovery_verdict_names[walk->verdict]));
    if (!good && (walk->lost || exchange->outcome != EXCHANGE_ANSWERED))
        log_text(&line, "reason",
                 text_of(walk->attempts && !walk->lost ? exchange->status.message
                                                       : walk->status.message));
    log_end(&line);
}

void tell_failure(struct walk *walk)
{
    char digits[DECIMAL_BYTES];
    status_prepend(&walk->status, "%.*s", text_arguments(call_method(walk->call)->words));
    if (walk->exchange.http_status)
        details_add(&walk->details, text_literal("http_status"),
                    (struct text){digits, text_from_u64(digits, walk->exchange.http_status)});
    details_add(&walk->details, text_literal("step"), text_of(walk_step_names[walk->step]));
    refusal_send(walk->call, &walk->details, &walk->status, &walk->answer_arena);
}

void tell_attempts(struct walk *walk)
{
    char digits[DECIMAL_BYTES];
    call_send_trailer(walk->call, "x-apig-attempts",
                      (struct text){digits, text_from_u64(digits, walk->attempts)});
}
