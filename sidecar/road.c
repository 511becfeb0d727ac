/* SPDX-License-Identifier: MIT */
#include "road.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "recovery.h"
#include "refusal.h"
#include "rest/answer.h"
#include "rest/fault.h"
#include "rest/request.h"
#include "schema/validate.h"
#include "schema/wire.h"
#include "trace.h"
#include "upstream/http1.h"

#include "base/banned.h"

/* A message in memory can take several times its bytes on the wire; beside it there is the request
 * made of it. */
#define MEMORY_PER_MESSAGE_BYTE 16
#define MEMORY_PER_ANSWER_BYTE 8
#define MEMORY_BESIDE (256 * 1024)

/* Of the name in the details of an unknown outcome: the longest that the .proto allows, in UTF-8.
 */
#define LONGEST_NAME 1020

/* Before a look-up: what still goes on upstream has that long to end. */
#define LOOKUP_REST_NS (250 * CLOCK_NS_PER_MS)

/* What a usual call needs of memory, so that it allocates nothing but itself. */
#define USUAL_REQUEST_BYTES 6144
#define USUAL_ANSWER_BYTES 4096

/* An unknown outcome while it is looked up: what stands when nothing better is found. */
struct lost {
    struct http_request request;
    struct fault fault;
    unsigned http_status;
    struct status status;
};

/* One call on its way. It lives in the call; the poller's thread walks it out, the upstream's
 * thread walks it back in. */
struct walk {
    struct road *road;
    struct call *call;
    const char *step; /* where it is: the log's field */
    struct arena arena, answer_arena;
    struct text bytes; /* of the request message */
    ProtobufCMessage *message, *answer;
    struct credential_snapshot *credential; /* that the request was signed with */
    struct fault fault;
    size_t answer_bytes;
    unsigned attempts;
    bool refreshed;                /* the credential, after it was refused */
    struct lost *lost;             /* NULL when nothing is looked up */
    enum recovery_verdict verdict; /* of the last look-up */
    /* From here on it is not zeroed for each call: whoever fills it begins. */
    struct trace trace;
    struct http_request request;
    struct exchange exchange;
    struct details details; /* of a failure */
    struct status status;   /* what the caller will hear */
    alignas(max_align_t) char memory[USUAL_REQUEST_BYTES], answer_memory[USUAL_ANSWER_BYTES];
};

static void walk_init(struct walk *walk, struct road *road, struct call *call)
{
    const struct config *config = road->config;
    memset(walk, 0, offsetof(struct walk, trace));
    walk->road = road;
    walk->call = call;
    arena_init_with(&walk->arena,
                    config->max_message_bytes * MEMORY_PER_MESSAGE_BYTE + MEMORY_BESIDE,
                    walk->memory, sizeof walk->memory);
    arena_init_with(&walk->answer_arena,
                    config->max_answer_bytes * MEMORY_PER_ANSWER_BYTE + MEMORY_BESIDE,
                    walk->answer_memory, sizeof walk->answer_memory);
    exchange_init(&walk->exchange);
    details_init(&walk->details);
    status_clear(&walk->status);
}

static bool receive(struct walk *walk)
{
    return trace_read(&walk->trace, walk->call, walk->road->config, &walk->status) &&
           call_message(walk->call, &walk->arena, &walk->bytes, &walk->status);
}

static bool admit(struct walk *walk)
{
    const struct config *config = walk->road->config;
    if (call_in_flight(walk->call) <= config->max_in_flight)
        return true;
    return status_fail(&walk->status, STATUS_RESOURCE_EXHAUSTED,
                       "too many calls in flight: --max-in-flight allows %lu",
                       config->max_in_flight);
}

static bool decode(struct walk *walk)
{
    const struct schema_method *method = call_method(walk->call);
    if (!wire_unpack(method->request, walk->bytes, &walk->arena, &walk->message, &walk->status))
        return false;
    request_fill(method, walk->message, text_literal("project_id"), walk->road->config->project_id);
    request_fill(method, walk->message, text_literal("instance_id"),
                 walk->road->config->instance_id);
    return true;
}

static bool check(struct walk *walk)
{
    struct violations violations;
    if (validate(call_method(walk->call)->request, walk->message, &walk->arena, &violations,
                 &walk->status))
        return true;
    struct violations *kept = arena_alloc(&walk->arena, sizeof *kept);
    if (kept)
        *kept = violations;
    walk->details.violations = kept;
    return false;
}

static bool encode_as(struct walk *walk, const struct schema_method *method,
                      const ProtobufCMessage *message)
{
    return request_encode(method, message, walk->road->prefix, &walk->arena, &walk->request,
                          &walk->status) &&
           trace_write(&walk->trace, &walk->request, &walk->status);
}

static bool encode(struct walk *walk)
{
    return encode_as(walk, call_method(walk->call), walk->message);
}

static bool sign(struct walk *walk)
{
    return credential_sign(walk->road->credential, &walk->request, &walk->credential,
                           &walk->status) &&
           http1_request(&walk->request, upstream_authority(walk->road->upstream), &walk->arena,
                         &walk->exchange.request, &walk->status);
}

static void on_exchanged(struct exchange *exchange);
static void on_released(struct exchange *exchange);

/* From here on the walk is the upstream's thread's. */
static void exchange(struct walk *walk)
{
    walk->exchange.arena = &walk->answer_arena;
    walk->exchange.deadline_ns = call_deadline_ns(walk->call);
    walk->exchange.done = on_exchanged;
    walk->exchange.released = on_released;
    upstream_send(walk->road->upstream, &walk->exchange);
}

static bool hand_over(struct walk *walk)
{
    if (walk->attempts++ == 0)
        attempt_budget_earn(&walk->road->budget);
    exchange(walk);
    return true;
}

static const struct step {
    const char *name;
    bool (*take)(struct walk *walk);
} outbound[] = {
    {"receive", receive}, {"admit", admit}, {"decode", decode},  {"validate", check},
    {"encode", encode},   {"sign", sign},   {"send", hand_over},
};

static void reply(struct walk *walk);

static void begin(struct call *call, void *context)
{
    struct walk *walk = call_state(call);
    walk_init(walk, context, call);
    for (size_t i = 0; i < array_length(outbound); i++) {
        walk->step = outbound[i].name;
        if (!outbound[i].take(walk)) {
            refusal_of_step(&walk->details, walk->step, &walk->status,
                            trace_request_id(&walk->trace));
            reply(walk);
            return;
        }
    }
}

/* A yes with one thing in it that cannot be read is a yes; the log says what is missing. */
static void note_unreadable(struct text path, const struct status *why, void *context)
{
    const struct walk *walk = context;
    struct log_line line;
    if (!log_enabled(LOG_WARNING))
        return;
    log_begin(&line, LOG_WARNING, "answer member unreadable");
    log_text(&line, "method", text_of(call_method(walk->call)->path));
    log_text(&line, "member", path);
    log_text(&line, "reason", text_of(why->message));
    log_text(&line, "request_id", trace_request_id(&walk->trace));
    log_end(&line);
}

/* Where to look when the outcome is unknown: a create is found by its name. */
static void name_what_to_look_for(struct walk *walk)
{
    const struct schema_field *field =
        schema_field_by_name(call_method(walk->call)->request, text_literal("name"), false);
    if (!field || field->type != FIELD_STRING || field->shape == FIELD_REPEATED)
        return;
    const ProtobufCBinaryData *name = schema_value(walk->message, field);
    struct text text = {(const char *)name->data, name->len};
    details_add(&walk->details, field->name, (struct text){text.at, text_cut(text, LONGEST_NAME)});
}

static bool is_unknown(const struct walk *walk)
{
    return walk->exchange.outcome == EXCHANGE_PERHAPS_PROCESSED ||
           walk->fault.effect == FAULT_UNKNOWN || fault_is_success(walk->exchange.answer.status);
}

/* The answer, or why there is none. */
static bool interpret(struct walk *walk)
{
    const struct http_answer *answer = &walk->exchange.answer;
    if (walk->exchange.outcome != EXCHANGE_ANSWERED)
        return refusal_of_exchange(&walk->details, &walk->exchange, &walk->status);
    if (!fault_is_success(answer->status))
        return refusal_of_fault(&walk->details, &walk->fault, answer, &walk->answer_arena,
                                &walk->status);
    if (answer_decode(call_method(walk->call), answer, &walk->answer_arena, note_unreadable, walk,
                      &walk->answer, &walk->status))
        return true;
    refusal_of_answer(&walk->details, "ANSWER_UNREADABLE");
    return false;
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

/* Whether it is certain that the request was not processed, and that it may be later. */
static bool was_turned_away(const struct walk *walk)
{
    enum exchange_cause cause = walk->exchange.cause;
    if (walk->exchange.outcome == EXCHANGE_NOT_SENT)
        return cause == EXCHANGE_CAUSE_CONNECT || cause == EXCHANGE_CAUSE_LOST;
    return walk->fault.effect == FAULT_PASSING || walk->fault.effect == FAULT_THROTTLED;
}

static int64_t time_left_ns(const struct walk *walk)
{
    return call_deadline_ns(walk->call) - clock_now_ns();
}

static bool may_attempt_again(struct walk *walk, int64_t wanted_ns)
{
    uint64_t random;
    arc4random_buf(&random, sizeof random);
    return attempt_again(&walk->road->budget, walk->attempts, wanted_ns, time_left_ns(walk), random,
                         &walk->exchange.rest_ns);
}

static bool may_try_later(struct walk *walk)
{
    return was_turned_away(walk) && may_attempt_again(walk, walk->fault.wait_ms * CLOCK_NS_PER_MS);
}

static void read_fault(struct walk *walk)
{
    walk->fault = (struct fault){0};
    if (walk->exchange.outcome == EXCHANGE_ANSWERED &&
        !fault_is_success(walk->exchange.answer.status))
        fault_read(&walk->exchange.answer, credential_value(walk->credential), &walk->answer_arena,
                   &walk->fault);
}

static void let_go_of_credential(struct walk *walk)
{
    credential_release(walk->credential);
    walk->credential = NULL;
}

/* Once more, with the credential as it is now. False when there is none any more: then that is what
 * the caller hears. */
static bool send_again(struct walk *walk)
{
    let_go_of_credential(walk);
    walk->fault = (struct fault){0};
    walk->lost = NULL;
    arena_clear(&walk->answer_arena);
    details_init(&walk->details);
    status_clear(&walk->status);
    walk->request.field_count--;
    walk->step = "sign";
    if (sign(walk))
        return hand_over(walk);
    refusal_of_step(&walk->details, walk->step, &walk->status, trace_request_id(&walk->trace));
    return false;
}

static void wipe_request(struct walk *walk)
{
    struct text *bytes = &walk->exchange.request;
    explicit_bzero((char *)(uintptr_t)bytes->at, bytes->bytes);
    bytes->bytes = 0;
}

/* When the create was sent again because nothing was there, what exists by now may be of the first
 * attempt. */
static bool exists_after_all(const struct walk *walk)
{
    return walk->verdict == RECOVERY_ABSENT && walk->fault.code == STATUS_ALREADY_EXISTS;
}

static bool may_look_up(const struct walk *walk)
{
    return walk->road->config->recover_lost_creates && call_method(walk->call)->recovery &&
           recovery_may_help(walk->exchange.cause) && time_left_ns(walk) > LOOKUP_REST_NS;
}

/* The outcome stays what it was. */
static void let_stand(struct walk *walk)
{
    walk->verdict = RECOVERY_FAILED;
    walk->fault = walk->lost->fault;
    walk->status = walk->lost->status;
}

static bool ask(struct walk *walk)
{
    const struct schema_recovery *recovery = call_method(walk->call)->recovery;
    ProtobufCMessage *question;
    let_go_of_credential(walk);
    return recovery_question(recovery, walk->message, &walk->arena, &question, &walk->status) &&
           encode_as(walk, recovery->lookup, question) && sign(walk);
}

/* False when the outcome stays unknown; else on_looked_up follows. */
static bool look_up(struct walk *walk)
{
    struct lost *lost = may_look_up(walk) ? arena_alloc(&walk->arena, sizeof *lost) : NULL;
    if (!lost)
        return false;
    *lost = (struct lost){walk->request, walk->fault, walk->exchange.http_status, walk->status};
    walk->lost = lost;
    walk->step = "look up";
    walk->exchange.rest_ns = LOOKUP_REST_NS;
    if (ask(walk)) {
        exchange(walk);
        return true;
    }
    let_stand(walk);
    details_add(&walk->details, text_literal("lookup"), recovery_verdict_name(walk->verdict));
    return false;
}

static enum recovery_verdict judge(struct walk *walk)
{
    const struct schema_recovery *recovery = call_method(walk->call)->recovery;
    const struct http_answer *answer = &walk->exchange.answer;
    ProtobufCMessage *listed;
    if (walk->exchange.outcome != EXCHANGE_ANSWERED || !fault_is_success(answer->status) ||
        !answer_decode(recovery->lookup, answer, &walk->answer_arena, note_unreadable, walk,
                       &listed, &walk->status))
        return RECOVERY_FAILED;
    int64_t ago_ns = clock_now_ns() - call_received_ns(walk->call);
    int64_t earliest_ns = recovery_earliest_ns(answer, ago_ns, clock_calendar_ns());
    return recovery_judge(recovery, walk->message, listed, earliest_ns, &walk->answer);
}

/* The outcome by what the look-up tells. */
static void conclude(struct walk *walk)
{
    switch (walk->verdict) {
    case RECOVERY_FOUND:
        walk->fault = (struct fault){0};
        status_clear(&walk->status);
        return;
    case RECOVERY_OLDER:
        refusal_of_older(&walk->details, &walk->status);
        break;
    case RECOVERY_ABSENT:
        refusal_of_absent(&walk->details, &walk->status);
        break;
    case RECOVERY_NONE:
    case RECOVERY_FAILED:
        let_stand(walk);
        break;
    }
    details_add(&walk->details, text_literal("lookup"), recovery_verdict_name(walk->verdict));
}

static void on_looked_up(struct walk *walk)
{
    walk->verdict = judge(walk);
    walk->request = walk->lost->request;
    walk->exchange.http_status = walk->lost->http_status;
    if (walk->verdict == RECOVERY_ABSENT && may_attempt_again(walk, 0)) {
        if (!send_again(walk))
            reply(walk);
        return;
    }
    conclude(walk);
    reply(walk);
}

static void on_answered(struct walk *walk)
{
    read_fault(walk);
    if (has_new_credential(walk) || may_try_later(walk)) {
        if (!send_again(walk))
            reply(walk);
        return;
    }
    walk->step = "interpret";
    if (!interpret(walk) && (is_unknown(walk) || exists_after_all(walk))) {
        name_what_to_look_for(walk);
        if (look_up(walk))
            return;
    }
    reply(walk);
}

static void on_exchanged(struct exchange *exchange)
{
    struct walk *walk = container_of(exchange, struct walk, exchange);
    wipe_request(walk);
    if (walk->lost)
        on_looked_up(walk);
    else
        on_answered(walk);
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

static void log_call(const struct walk *walk)
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
    log_text(&line, "step", text_of(walk->step));
    log_text(&line, "code", text_of(status_code_name(walk->status.code)));
    if (exchange->http_status)
        log_number(&line, "http_status", exchange->http_status);
    log_text(&line, "vendor_code", walk->fault.vendor_code);
    if (exchange->started_ns) {
        log_milliseconds(&line, "queue_ms", exchange->started_ns - exchange->queued_ns);
        log_milliseconds(&line, "upstream_ms", exchange->ended_ns - exchange->started_ns);
    }
    if (walk->attempts > 1)
        log_number(&line, "attempts", walk->attempts);
    log_milliseconds(&line, "total_ms", clock_now_ns() - received_ns);
    log_number(&line, "request_bytes", (int64_t)walk->bytes.bytes);
    log_number(&line, "answer_bytes", (int64_t)walk->answer_bytes);
    log_text(&line, "request_id", trace_request_id(&walk->trace));
    log_text(&line, "upstream_request_id", walk->fault.request_id);
    log_text(&line, "recovered", recovery_verdict_name(walk->verdict));
    if (!good && (walk->lost || exchange->outcome != EXCHANGE_ANSWERED))
        log_text(&line, "reason",
                 text_of(walk->attempts && !walk->lost ? exchange->status.message
                                                       : walk->status.message));
    log_end(&line);
}

static void pack_answer(struct walk *walk)
{
    walk->step = "reply";
    walk->answer_bytes = protobuf_c_message_get_packed_size(walk->answer);
    protobuf_c_message_pack(walk->answer, call_answer_space(walk->call, walk->answer_bytes));
}

static void explain_failure(struct walk *walk)
{
    char digits[DECIMAL_BYTES];
    status_prepend(&walk->status, "%.*s", text_arguments(call_method(walk->call)->words));
    if (walk->exchange.http_status)
        details_add(&walk->details, text_literal("http_status"),
                    (struct text){digits, text_from_u64(digits, walk->exchange.http_status)});
    details_add(&walk->details, text_literal("step"), text_of(walk->step));
    refusal_send(walk->call, &walk->details, &walk->status, &walk->answer_arena);
}

static void tell_attempts(struct walk *walk)
{
    char digits[DECIMAL_BYTES];
    call_send_trailer(walk->call, "x-apig-attempts",
                      (struct text){digits, text_from_u64(digits, walk->attempts)});
}

/* Always the last step, whatever came before. */
static void reply(struct walk *walk)
{
    if (walk->status.code == STATUS_OK)
        pack_answer(walk);
    else
        explain_failure(walk);
    if (walk->attempts > 0)
        tell_attempts(walk);
    let_go_of_credential(walk);
    log_call(walk);
    call_reply(walk->call, &walk->status);
}

static void cancelled(struct call *call, void *context)
{
    (void)context;
    struct walk *walk = call_state(call);
    if (walk->attempts == 0)
        return;
    call_hold(call);
    upstream_cancel(&walk->exchange);
}

static void on_released(struct exchange *exchange)
{
    call_release(container_of(exchange, struct walk, exchange)->call);
}

static void end(struct call *call, void *context)
{
    (void)context;
    struct walk *walk = call_state(call);
    arena_clear(&walk->arena);
    arena_clear(&walk->answer_arena);
}

struct call_handler road_handler(struct road *road)
{
    attempt_budget_init(&road->budget);
    return (struct call_handler){sizeof(struct walk), begin, cancelled, end, road};
}
