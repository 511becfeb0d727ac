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

static void transaction_init(struct transaction *transaction, struct pipeline *pipeline,
                             struct call *call)
{
    const struct config *config = pipeline->config;
    memset(transaction, 0, offsetof(struct transaction, trace));
    transaction->pipeline = pipeline;
    transaction->call = call;
    arena_init_with(&transaction->arena,
                    config->max_message_bytes * MEMORY_PER_MESSAGE_BYTE + MEMORY_BESIDE,
                    transaction->memory, sizeof transaction->memory);
    arena_init_with(&transaction->response_arena,
                    config->max_response_bytes * MEMORY_PER_RESPONSE_BYTE + MEMORY_BESIDE,
                    transaction->response_memory, sizeof transaction->response_memory);
    arena_init(&transaction->fault_arena, FAULT_BYTES);
    exchange_init(&transaction->exchange);
    details_init(&transaction->details);
    status_clear(&transaction->status);
}

static bool receive(struct transaction *transaction)
{
    return trace_headers_read(&transaction->trace, transaction->call, transaction->pipeline->config,
                              &transaction->status) &&
           call_message(transaction->call, &transaction->arena, &transaction->bytes,
                        &transaction->status);
}

int64_t transaction_time_left_ns(const struct transaction *transaction)
{
    return call_deadline_ns(transaction->call) - clock_now_ns();
}

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

static bool admit(struct transaction *transaction)
{
    const struct config *config = transaction->pipeline->config;
    if (!call_authorize(transaction->call, &transaction->status))
        return false;
    if (call_in_flight(transaction->call) <= config->max_in_flight)
        return has_time(transaction);
    return status_fail(&transaction->status, STATUS_RESOURCE_EXHAUSTED,
                       "too many calls in flight: --max-in-flight allows %lu",
                       config->max_in_flight);
}

static bool decode(struct transaction *transaction)
{
    const struct schema_method *method = call_method(transaction->call);
    if (!wire_unpack(method->request, transaction->bytes, &transaction->arena,
                     &transaction->message, &transaction->status))
        return false;
    request_fill(method, transaction->message, text_literal("project_id"),
                 transaction->pipeline->config->project_id);
    request_fill(method, transaction->message, text_literal("instance_id"),
                 transaction->pipeline->config->instance_id);
    return true;
}

static bool check(struct transaction *transaction)
{
    struct violations violations;
    if (validate(call_method(transaction->call)->request, transaction->message, &transaction->arena,
                 &violations, &transaction->status))
        return true;
    struct violations *kept = arena_alloc(&transaction->arena, sizeof *kept);
    if (kept)
        *kept = violations;
    transaction->details.violations = kept;
    return false;
}

bool transaction_encode(struct transaction *transaction, const struct schema_method *method,
                        const ProtobufCMessage *message)
{
    return request_encode(method, message, transaction->pipeline->prefix, &transaction->arena,
                          &transaction->request, &transaction->status) &&
           trace_headers_write(&transaction->trace, &transaction->request, &transaction->status);
}

static bool encode(struct transaction *transaction)
{
    return transaction_encode(transaction, call_method(transaction->call), transaction->message);
}

bool transaction_sign(struct transaction *transaction)
{
    return credential_sign(transaction->pipeline->credential, &transaction->request,
                           &transaction->credential, &transaction->status) &&
           http1_request(&transaction->request, upstream_authority(transaction->pipeline->upstream),
                         &transaction->arena, &transaction->exchange.request, &transaction->status);
}

static const struct {
    enum step step;
    bool (*take)(struct transaction *transaction);
} outbound[] = {
    {STEP_RECEIVE, receive},       {STEP_ADMIT, admit},   {STEP_DECODE, decode},
    {STEP_VALIDATE, check},        {STEP_ENCODE, encode}, {STEP_SIGN, transaction_sign},
    {STEP_SEND, transaction_send},
};

const char *const step_names[STEP_COUNT] = {
#define STEP(id, name) [STEP_##id] = (name)
    STEPS(STEP)
#undef STEP
};

/* A step of ours has failed. From decoding on, what is exhausted is the call's memory, whose bound
 * no layer that fills it knows. */
static void fail_step(struct transaction *transaction)
{
    struct status failed = transaction->status;
    if (failed.code == STATUS_RESOURCE_EXHAUSTED && transaction->step >= STEP_DECODE)
        status_set(&transaction->status, failed.code,
                   "%s; a call's memory follows from --max-message, %lu", failed.message,
                   transaction->pipeline->config->max_message_bytes);
    failure_of_step(&transaction->details, step_names[transaction->step], &transaction->status);
    transaction_reply(transaction);
}

static void begin(struct call *call, void *context)
{
    struct transaction *transaction = call_state(call);
    transaction_init(transaction, context, call);
    for (size_t i = 0; i < array_length(outbound); i++) {
        transaction->step = outbound[i].step;
        if (!outbound[i].take(transaction)) {
            fail_step(transaction);
            return;
        }
    }
    transaction->handed_over = true;
}

static bool is_unknown(const struct transaction *transaction)
{
    if (transaction->exchange.outcome == EXCHANGE_PERHAPS_PROCESSED)
        return !transaction_only_reads(transaction);
    return fault_is_unknown(&transaction->fault) ||
           fault_is_success(transaction->exchange.response.status);
}

/* A json_unreadable. */
static void note_unreadable(struct text path, const struct status *why, void *context)
{
    struct transaction *transaction = context;
    struct unreadable *unreadable = &transaction->unreadable;
    if (unreadable->count++ > 0)
        return;
    struct text reason = text_of(why->message);
    const char *copy = arena_copy(&transaction->response_arena, reason.data, reason.size);
    unreadable->first = path;
    unreadable->reason = (struct text){copy, copy ? reason.size : 0};
}

bool transaction_decode(struct transaction *transaction, const struct schema_method *method,
                        ProtobufCMessage **message)
{
    transaction->unreadable.count = 0;
    if (!response_decode(method, &transaction->exchange.response, &transaction->response_arena,
                         note_unreadable, transaction, message, &transaction->status)) {
        failure_hide_credential(transaction);
        return false;
    }
    if (transaction->unreadable.count > 0)
        access_log_unreadable(transaction);
    return true;
}

/* The answer, or why there is none. */
static bool interpret(struct transaction *transaction)
{
    const struct http_response *response = &transaction->exchange.response;
    if (transaction->exchange.outcome != EXCHANGE_ANSWERED)
        return failure_of_exchange(&transaction->details, &transaction->exchange,
                                   transaction_only_reads(transaction), &transaction->status);
    if (!fault_is_success(response->status))
        return failure_of_fault(&transaction->details, &transaction->fault, response,
                                &transaction->fault_arena, &transaction->status);
    if (transaction_decode(transaction, call_method(transaction->call), &transaction->response))
        return true;
    failure_of_response(&transaction->details, "RESPONSE_UNREADABLE",
                        transaction->fault.request_id);
    return false;
}

static struct fault read_fault(struct transaction *transaction)
{
    const struct http_response *response = &transaction->exchange.response;
    struct text token = credential_value(transaction->credential);
    struct fault fault = {0};
    if (transaction->exchange.outcome != EXCHANGE_ANSWERED)
        return fault;
    if (fault_is_success(response->status)) {
        fault.request_id = fault_body_request_id(response, token);
        return fault;
    }
    fault_read(response, token, &transaction->response_arena, &transaction->fault_arena, &fault);
    if (transaction_only_reads(transaction))
        fault_of_safe_request(&fault);
    return fault;
}

void transaction_release_credential(struct transaction *transaction)
{
    credential_release(transaction->credential);
    transaction->credential = NULL;
}

void transaction_send_again(struct transaction *transaction)
{
    transaction_release_credential(transaction);
    transaction->fault = (struct fault){0};
    transaction->unknown_outcome = NULL;
    arena_clear(&transaction->response_arena);
    arena_clear(&transaction->fault_arena);
    details_init(&transaction->details);
    status_clear(&transaction->status);
    transaction->request.field_count--;
    transaction->step = STEP_SIGN;
    if (!transaction_sign(transaction)) {
        fail_step(transaction);
        return;
    }
    transaction->step = STEP_SEND;
    transaction->attempts++;
    transaction_exchange(transaction);
}

/* When the create was sent again because nothing was there, what exists by now may be of the first
 * attempt. */
static bool exists_after_all(const struct transaction *transaction)
{
    return transaction->verdict == LOOKUP_ABSENT &&
           transaction->fault.code == STATUS_ALREADY_EXISTS;
}

/* Whether it is open what became of the call that failed. */
static bool is_open(struct transaction *transaction)
{
    if (!exists_after_all(transaction))
        return is_unknown(transaction);
    failure_of_existing(&transaction->details, &transaction->status);
    return true;
}

static void on_answered(struct transaction *transaction)
{
    if (retry_is_due(transaction, transaction->attempts)) {
        transaction_send_again(transaction);
        return;
    }
    if (transaction->exchange.outcome == EXCHANGE_ANSWERED)
        transaction->step = STEP_INTERPRET;
    if (!interpret(transaction) && is_open(transaction)) {
        failure_add_name(transaction);
        if (recovery_start(transaction))
            return;
    }
    transaction_reply(transaction);
}

void transaction_exchanged(struct exchange *exchange)
{
    struct transaction *transaction = container_of(exchange, struct transaction, exchange);
    transaction_wipe_request(transaction);
    transaction->sent_attempts +=
        exchange->outcome != EXCHANGE_NOT_SENT && !transaction->unknown_outcome;
    failure_settle(exchange, transaction->pipeline->config->max_response_bytes);
    transaction->fault = read_fault(transaction);
    call_metrics_exchange(transaction, transaction->fault.vendor_code);
    if (transaction->unknown_outcome)
        recovery_continue(transaction);
    else
        on_answered(transaction);
}

static void pack_response(struct transaction *transaction)
{
    transaction->step = STEP_REPLY;
    transaction->response_bytes = protobuf_c_message_get_packed_size(transaction->response);
    protobuf_c_message_pack(transaction->response,
                            call_response_space(transaction->call, transaction->response_bytes));
}

void transaction_reply(struct transaction *transaction)
{
    if (transaction->status.code == STATUS_OK)
        pack_response(transaction);
    else
        failure_complete(transaction);
    if (transaction->sent_attempts > 0)
        transaction_send_attempts(transaction);
    transaction_release_credential(transaction);
    call_metrics_call(transaction);
    access_log_write(transaction);
    call_reply(transaction->call, &transaction->status);
}

static void end(struct call *call, void *context)
{
    (void)context;
    struct transaction *transaction = call_state(call);
    arena_clear(&transaction->arena);
    arena_clear(&transaction->response_arena);
    arena_clear(&transaction->fault_arena);
}

struct call_handler pipeline_handler(struct pipeline *pipeline)
{
    retry_budget_init(&pipeline->budget);
    return (struct call_handler){
        .state_bytes = sizeof(struct transaction),
        .begin = begin,
        .cancelled = transaction_cancelled,
        .committed = transaction_committed,
        .end = end,
        .explain = failure_explain,
        .context = pipeline,
    };
}
