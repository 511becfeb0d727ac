/* SPDX-License-Identifier: MIT */
#include "pipeline/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "constraint/validate.h"
#include "http/request_writer.h"
#include "pipeline/transaction.h"
#include "rest/fault.h"
#include "rest/fault_body.h"
#include "rest/request.h"
#include "rest/response.h"
#include "schema/wire.h"

#include "base/banned.h"

/* A message in memory can take several times its bytes on the wire; beside it there is the request
 * made of it. */
#define MEMORY_PER_MESSAGE_BYTE 16
#define MEMORY_PER_RESPONSE_BYTE 8
#define MEMORY_BESIDE (256 * 1024)

/* What is kept of an upstream's fault, several times. */
#define FAULT_BYTES (32 * 1024)

static void walk_init(struct walk *walk, struct road *road, struct call *call)
{
    const struct config *config = road->config;
    memset(walk, 0, offsetof(struct walk, trace));
    walk->road = road;
    walk->call = call;
    arena_init_with(&walk->arena,
                    config->max_message_bytes * MEMORY_PER_MESSAGE_BYTE + MEMORY_BESIDE,
                    walk->memory, sizeof walk->memory);
    arena_init_with(&walk->response_arena,
                    config->max_response_bytes * MEMORY_PER_RESPONSE_BYTE + MEMORY_BESIDE,
                    walk->response_memory, sizeof walk->response_memory);
    arena_init(&walk->fault_arena, FAULT_BYTES);
    exchange_init(&walk->exchange);
    details_init(&walk->details);
    status_clear(&walk->status);
}

static bool receive(struct walk *walk)
{
    return trace_read(&walk->trace, walk->call, walk->road->config, &walk->status) &&
           call_message(walk->call, &walk->arena, &walk->bytes, &walk->status);
}

int64_t walk_time_left_ns(const struct walk *walk)
{
    return call_deadline_ns(walk->call) - clock_now_ns();
}

static bool has_time(struct walk *walk)
{
    if (walk_time_left_ns(walk) > 0)
        return true;
    if (call_ends_with_connection(walk->call))
        return status_fail(&walk->status, STATUS_UNAVAILABLE,
                           "the connection has reached --max-age and --max-age-grace: connect "
                           "again; nothing was sent");
    return status_fail(&walk->status, STATUS_DEADLINE_EXCEEDED,
                       "the deadline had passed when the call came; nothing was sent");
}

static bool admit(struct walk *walk)
{
    const struct config *config = walk->road->config;
    if (!call_is_welcome(walk->call, &walk->status))
        return false;
    if (call_in_flight(walk->call) <= config->max_in_flight)
        return has_time(walk);
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

bool walk_encode(struct walk *walk, const struct schema_method *method,
                 const ProtobufCMessage *message)
{
    return request_encode(method, message, walk->road->prefix, &walk->arena, &walk->request,
                          &walk->status) &&
           trace_write(&walk->trace, &walk->request, &walk->status);
}

static bool encode(struct walk *walk)
{
    return walk_encode(walk, call_method(walk->call), walk->message);
}

bool walk_sign(struct walk *walk)
{
    return credential_sign(walk->road->credential, &walk->request, &walk->credential,
                           &walk->status) &&
           http1_request(&walk->request, upstream_authority(walk->road->upstream), &walk->arena,
                         &walk->exchange.request, &walk->status);
}

static const struct {
    enum step step;
    bool (*take)(struct walk *walk);
} outbound[] = {
    {STEP_RECEIVE, receive}, {STEP_ADMIT, admit},    {STEP_DECODE, decode},  {STEP_VALIDATE, check},
    {STEP_ENCODE, encode},   {STEP_SIGN, walk_sign}, {STEP_SEND, walk_send},
};

const char *const walk_step_names[STEP_COUNT] = {
#define STEP(id, name) [STEP_##id] = (name)
    STEPS(STEP)
#undef STEP
};

/* A step of ours has failed. From decoding on, what is exhausted is the call's memory, whose bound
 * no room that fills it knows. */
static void refuse(struct walk *walk)
{
    struct status told = walk->status;
    if (told.code == STATUS_RESOURCE_EXHAUSTED && walk->step >= STEP_DECODE)
        status_set(&walk->status, told.code, "%s; a call's memory follows from --max-message, %lu",
                   told.message, walk->road->config->max_message_bytes);
    refusal_of_step(&walk->details, walk_step_names[walk->step], &walk->status);
    walk_reply(walk);
}

static void begin(struct call *call, void *context)
{
    struct walk *walk = call_state(call);
    walk_init(walk, context, call);
    for (size_t i = 0; i < array_length(outbound); i++) {
        walk->step = outbound[i].step;
        if (!outbound[i].take(walk)) {
            refuse(walk);
            return;
        }
    }
    walk->handed_over = true;
}

static bool is_unknown(const struct walk *walk)
{
    if (walk->exchange.outcome == EXCHANGE_PERHAPS_PROCESSED)
        return !walk_only_reads(walk);
    return fault_is_unknown(&walk->fault) || fault_is_success(walk->exchange.response.status);
}

/* A json_unreadable. */
static void note_unreadable(struct text path, const struct status *why, void *context)
{
    struct walk *walk = context;
    struct unreadable *unreadable = &walk->unreadable;
    if (unreadable->count++ > 0)
        return;
    struct text reason = text_of(why->message);
    const char *copy = arena_copy(&walk->response_arena, reason.data, reason.size);
    unreadable->first = path;
    unreadable->reason = (struct text){copy, copy ? reason.size : 0};
}

bool walk_decode(struct walk *walk, const struct schema_method *method, ProtobufCMessage **message)
{
    walk->unreadable.count = 0;
    if (!response_decode(method, &walk->exchange.response, &walk->response_arena, note_unreadable,
                         walk, message, &walk->status)) {
        tell_no_secret(walk);
        return false;
    }
    if (walk->unreadable.count > 0)
        tell_unreadable(walk);
    return true;
}

/* The answer, or why there is none. */
static bool interpret(struct walk *walk)
{
    const struct http_response *response = &walk->exchange.response;
    if (walk->exchange.outcome != EXCHANGE_ANSWERED)
        return refusal_of_exchange(&walk->details, &walk->exchange, walk_only_reads(walk),
                                   &walk->status);
    if (!fault_is_success(response->status))
        return refusal_of_fault(&walk->details, &walk->fault, response, &walk->fault_arena,
                                &walk->status);
    if (walk_decode(walk, call_method(walk->call), &walk->response))
        return true;
    refusal_of_response(&walk->details, "RESPONSE_UNREADABLE", walk->fault.request_id);
    return false;
}

static struct fault read_fault(struct walk *walk)
{
    const struct http_response *response = &walk->exchange.response;
    struct text token = credential_value(walk->credential);
    struct fault fault = {0};
    if (walk->exchange.outcome != EXCHANGE_ANSWERED)
        return fault;
    if (fault_is_success(response->status)) {
        fault.request_id = fault_body_request_id(response, token);
        return fault;
    }
    fault_read(response, token, &walk->response_arena, &walk->fault_arena, &fault);
    if (walk_only_reads(walk))
        fault_of_safe_request(&fault);
    return fault;
}

void walk_release_credential(struct walk *walk)
{
    credential_release(walk->credential);
    walk->credential = NULL;
}

void walk_send_again(struct walk *walk)
{
    walk_release_credential(walk);
    walk->fault = (struct fault){0};
    walk->unknown_outcome = NULL;
    arena_clear(&walk->response_arena);
    arena_clear(&walk->fault_arena);
    details_init(&walk->details);
    status_clear(&walk->status);
    walk->request.field_count--;
    walk->step = STEP_SIGN;
    if (!walk_sign(walk)) {
        refuse(walk);
        return;
    }
    walk->step = STEP_SEND;
    walk->attempts++;
    walk_exchange(walk);
}

/* When the create was sent again because nothing was there, what exists by now may be of the first
 * attempt. */
static bool exists_after_all(const struct walk *walk)
{
    return walk->verdict == RECOVERY_ABSENT && walk->fault.code == STATUS_ALREADY_EXISTS;
}

/* Whether it is open what became of the call that failed. */
static bool is_open(struct walk *walk)
{
    if (!exists_after_all(walk))
        return is_unknown(walk);
    refusal_of_existing(&walk->details, &walk->status);
    return true;
}

static void on_answered(struct walk *walk)
{
    if (walk_may_repeat(walk, walk->attempts)) {
        walk_send_again(walk);
        return;
    }
    if (walk->exchange.outcome == EXCHANGE_ANSWERED)
        walk->step = STEP_INTERPRET;
    if (!interpret(walk) && is_open(walk)) {
        tell_name_to_look_for(walk);
        if (lost_look_up(walk))
            return;
    }
    walk_reply(walk);
}

void walk_exchanged(struct exchange *exchange)
{
    struct walk *walk = container_of(exchange, struct walk, exchange);
    walk_wipe_request(walk);
    walk->sent_attempts += exchange->outcome != EXCHANGE_NOT_SENT && !walk->unknown_outcome;
    refusal_settle(exchange, walk->road->config->max_response_bytes);
    walk->fault = read_fault(walk);
    count_exchange(walk, walk->fault.vendor_code);
    if (walk->unknown_outcome)
        lost_looked_up(walk);
    else
        on_answered(walk);
}

static void pack_response(struct walk *walk)
{
    walk->step = STEP_REPLY;
    walk->response_bytes = protobuf_c_message_get_packed_size(walk->response);
    protobuf_c_message_pack(walk->response, call_response_space(walk->call, walk->response_bytes));
}

void walk_reply(struct walk *walk)
{
    if (walk->status.code == STATUS_OK)
        pack_response(walk);
    else
        tell_failure(walk);
    if (walk->sent_attempts > 0)
        tell_attempts(walk);
    walk_release_credential(walk);
    count_call(walk);
    tell_log(walk);
    call_reply(walk->call, &walk->status);
}

static void end(struct call *call, void *context)
{
    (void)context;
    struct walk *walk = call_state(call);
    arena_clear(&walk->arena);
    arena_clear(&walk->response_arena);
    arena_clear(&walk->fault_arena);
}

struct call_handler road_handler(struct road *road)
{
    attempt_budget_init(&road->budget);
    return (struct call_handler){
        .state_bytes = sizeof(struct walk),
        .begin = begin,
        .cancelled = walk_cancelled,
        .committed = walk_committed,
        .end = end,
        .explain = refusal_explain,
        .context = road,
    };
}
