/* SPDX-License-Identifier: MIT */
#include "pipeline/pipeline.h"

#include <stdlib.h>

#include "base/clock.h"
#include "constraint/validate.h"
#include "pipeline/access_log.h"
#include "pipeline/admit.h"
#include "pipeline/call_metrics.h"
#include "pipeline/failure_message.h"
#include "pipeline/failure_trailers.h"
#include "pipeline/front_failure.h"
#include "pipeline/interpret.h"
#include "pipeline/prepare.h"
#include "pipeline/recovery.h"
#include "pipeline/retry.h"
#include "pipeline/send.h"
#include "rest/fill.h"
#include "schema/wire.h"

#include "base/banned.h"

static bool receive(struct transaction *transaction)
{
    return trace_headers_read(&transaction->trace, transaction->call, transaction->pipeline->config,
                              &transaction->status) &&
           call_may_begin(transaction->call, &transaction->status) &&
           call_message(transaction->call, &transaction->arena, &transaction->bytes,
                        &transaction->status);
}

/* A request without a project gets the credential's. */
static bool fill_project(struct transaction *transaction)
{
    static const struct text option = text_literal("project-id");
    const struct schema_message *type = transaction->method->request;
    struct text project;
    bool is_awaited;
    if (transaction->pipeline->config->project_id ||
        !fill_is_missing(type, transaction->message, option))
        return true;
    if (!credential_project(transaction->pipeline->credential, &transaction->arena, &project,
                            &is_awaited))
        return status_fail(&transaction->status, STATUS_RESOURCE_EXHAUSTED,
                           "no memory left for the project of the request");
    fill_with(type, transaction->message, option, project);
    if (!is_awaited)
        return true;
    transaction->step = STEP_SIGN;
    return status_fail(&transaction->status, STATUS_UNAVAILABLE,
                       "the request has no project, and the sidecar has no credential yet, which "
                       "would have one");
}

static bool decode(struct transaction *transaction)
{
    if (!wire_unpack(transaction->method->request, transaction->bytes, &transaction->arena,
                     &transaction->message, &transaction->status))
        return false;
    fill_message(transaction->method->request, transaction->message);
    return fill_project(transaction);
}

static bool check(struct transaction *transaction)
{
    struct violations violations;
    if (validate(transaction->method->request, transaction->message, &transaction->arena,
                 &violations, &transaction->status))
        return true;
    struct violations *kept = arena_alloc(&transaction->arena, sizeof *kept);
    if (kept)
        *kept = violations;
    transaction->details.violations = kept;
    return false;
}

static bool encode(struct transaction *transaction)
{
    return prepare_encode(transaction, transaction->method, transaction->message);
}

static bool hand_over(struct transaction *transaction)
{
    transaction->attempts++;
    retry_budget_earn(&transaction->pipeline->budget);
    send_first(transaction);
    return true;
}

/* Outbound, on the poller's thread: the first step that fails ends the call. */
static const struct {
    enum step step;
    bool (*take)(struct transaction *transaction);
} outbound[] = {
    {STEP_RECEIVE, receive}, {STEP_ADMIT, admit_call}, {STEP_DECODE, decode},
    {STEP_VALIDATE, check},  {STEP_ENCODE, encode},    {STEP_SIGN, prepare_sign},
    {STEP_SEND, hand_over},
};

/* The step or action after an inbound step. */
enum next {
    NEXT_STEP,
    NEXT_SEND,    /* the call's own request goes out again */
    NEXT_LOOK_UP, /* the thing that may have been created is looked up */
    NEXT_REPLY,
    NEXT_RESUME, /* on_resumed follows, perhaps on another thread already */
};

/* Takes note of a response that shows whether the credential is good, and the clock. */
static void note_credential(struct transaction *transaction)
{
    struct credential *credential = transaction->pipeline->credential;
    const struct exchange *exchange = &transaction->exchange;
    bool answered = exchange->outcome == EXCHANGE_ANSWERED;
    if (answered)
        credential_note_date(credential, &transaction->credential, &exchange->response,
                             exchange->ended_ns - exchange->started_ns);
    if (transaction->fault.effect != FAULT_CREDENTIAL || !answered)
        credential_leave(credential, &transaction->credential,
                         answered && (fault_is_success(exchange->response.status) ||
                                      fault_is_of_service(&transaction->fault)));
}

/* Takes note of a response that shows whether the upstream throttles. */
static void note_rate(struct transaction *transaction)
{
    const struct fault *fault = &transaction->fault;
    const struct rate_throttle throttle = {
        .named = {(double)fault->window_calls, fault->window_ms * CLOCK_NS_PER_MS},
        .retry_after_ns = fault->retry_after_ms * CLOCK_NS_PER_MS,
    };
    if (transaction->exchange.outcome == EXCHANGE_ANSWERED)
        upstream_note_rate(&transaction->exchange,
                           fault->effect == FAULT_THROTTLED ? &throttle : NULL);
}

static enum next interpret(struct transaction *transaction)
{
    interpret_fault(transaction);
    call_metrics_exchange(transaction, transaction->fault.vendor_code);
    note_credential(transaction);
    note_rate(transaction);
    if (transaction->unknown_outcome)
        recovery_judge(transaction);
    else if (interpret_response(transaction))
        return NEXT_REPLY;
    return NEXT_STEP;
}

static bool retry_is_paid(struct transaction *transaction, enum retry_cause cause)
{
    uint64_t random;
    arc4random_buf(&random, sizeof random);
    int64_t wait_ns = cause == RETRY_ABSENT ? 0 : retry_wait_ns(transaction);
    return retry_budget_allow(&transaction->pipeline->budget, retry_attempts(transaction), wait_ns,
                              transaction_time_left_ns(transaction), random,
                              &transaction->exchange.delay_ns);
}

/* The place in the queue replaces the delay that callers are asked for; it costs neither the budget
 * nor an attempt, because the rate bounds what is sent. */
static bool rate_lets_it_go(struct transaction *transaction)
{
    transaction->exchange.delay_ns = 0;
    return upstream_rate_wait_ns(&transaction->exchange) < transaction_time_left_ns(transaction);
}

static bool may_repeat(struct transaction *transaction, enum retry_cause cause)
{
    return cause == RETRY_THROTTLED ? rate_lets_it_go(transaction)
                                    : cause != RETRY_NONE && retry_is_paid(transaction, cause);
}

/* The request that was under way is repeated. */
static enum next repeat(struct transaction *transaction, enum retry_cause cause)
{
    if (cause != RETRY_KEY)
        call_metrics_retry(transaction, retry_metric(cause));
    transaction->repeated |= cause == RETRY_LOST;
    transaction->exchange.was_throttled = cause == RETRY_THROTTLED;
    return transaction->unknown_outcome && cause != RETRY_ABSENT ? NEXT_LOOK_UP : NEXT_SEND;
}

/* The attempt that follows is free: it costs no more than the one that was rejected. */
static enum next retry_credential(struct transaction *transaction, enum retry_cause cause)
{
    struct credential *credential = transaction->pipeline->credential;
    transaction->exchange.delay_ns = 0;
    enum credential_next next =
        cause == RETRY_KEY
            ? credential_wait(credential, &transaction->credential)
            : credential_refused(credential, &transaction->credential, transaction->fault.message);
    if (next == CREDENTIAL_RESUMES)
        return NEXT_RESUME;
    return next == CREDENTIAL_AGAIN ? repeat(transaction, cause) : NEXT_STEP;
}

static enum next retry(struct transaction *transaction)
{
    enum retry_cause cause = retry_judge(transaction);
    if (cause == RETRY_CREDENTIAL || cause == RETRY_KEY)
        return retry_credential(transaction, cause);
    return may_repeat(transaction, cause) ? repeat(transaction, cause) : NEXT_STEP;
}

static enum next recover(struct transaction *transaction)
{
    if (transaction->unknown_outcome) {
        call_metrics_lookup(transaction);
        recovery_restore(transaction);
        recovery_conclude(transaction);
        return NEXT_REPLY;
    }
    if (!interpret_is_unknown(transaction))
        return NEXT_REPLY;
    failure_add_name(transaction);
    return recovery_begin(transaction) ? NEXT_LOOK_UP : NEXT_REPLY;
}

/* Inbound, each time an exchange has ended, on the thread of its loop. */
static enum next (*const inbound[])(struct transaction *transaction) = {interpret, retry, recover};

/* Fails the call when there is no memory in which the response can wait for its caller, unless it
 * reports a change, also one that a look-up has found. */
static void pack_response(struct transaction *transaction)
{
    const struct schema_message *type = transaction->method->response;
    size_t size = wire_size(type, transaction->response);
    bool reports_change = transaction->method->idempotency != NO_SIDE_EFFECTS;
    transaction->step = STEP_REPLY;
    if (!call_reserve_response(transaction->call, size, reports_change)) {
        status_set(&transaction->status, STATUS_RESOURCE_EXHAUSTED,
                   "no memory for a response of %zu bytes is left; --max-memory limits it", size);
        failure_of_step(&transaction->details, STEP_REPLY, &transaction->status);
        return;
    }
    transaction->response_bytes = size;
    wire_pack(type, transaction->response, size, call_response_space(transaction->call, size));
}

static void reply(struct transaction *transaction)
{
    if (transaction->repeated && transaction->status.code != STATUS_OK &&
        transaction->fault.effect != FAULT_SYSTEM)
        failure_of_repeated(&transaction->details, &transaction->status);
    if (transaction->status.code == STATUS_OK)
        pack_response(transaction);
    if (transaction->status.code != STATUS_OK)
        failure_complete(transaction);
    if (transaction->sent_attempts > 0)
        failure_add_attempts(transaction);
    transaction_release_credential(transaction);
    call_metrics_call(transaction);
    access_log_write(transaction);
    /* On the thread that took the memory, which is the cheapest. */
    arena_clear(&transaction->response_arena);
    call_reply(transaction->call, &transaction->status);
}

/* From decoding on, what is exhausted is the call's memory; the layers that fill it do not know its
 * bound. */
static void name_limit(struct transaction *transaction)
{
    struct status failed = transaction->status;
    if (transaction->step >= STEP_DECODE)
        status_set(&transaction->status, failed.code,
                   "%s; a call's memory follows from --max-message, %lu", failed.message,
                   transaction->pipeline->config->max_message_bytes);
}

static void fail_step(struct transaction *transaction)
{
    bool is_exhausted = transaction->status.code == STATUS_RESOURCE_EXHAUSTED;
    if (is_exhausted && transaction->arena.refused) {
        failure_of_shortage(&transaction->details, &transaction->status);
    } else {
        if (is_exhausted)
            name_limit(transaction);
        failure_of_step(&transaction->details, transaction->step, &transaction->status);
    }
    reply(transaction);
}

static void send_again(struct transaction *transaction)
{
    if (transaction->unknown_outcome) {
        call_metrics_lookup(transaction);
        recovery_restore(transaction);
    }
    transaction_reset_outcome(transaction);
    transaction_release_credential(transaction);
    transaction->step = STEP_SIGN;
    if (!prepare_sign(transaction)) {
        fail_step(transaction);
        return;
    }
    transaction->step = STEP_SEND;
    transaction->attempts += !transaction->has_to_wait && !transaction->exchange.was_throttled;
    transaction->has_to_wait = false;
    send_next(transaction);
}

static void look_up(struct transaction *transaction)
{
    transaction->has_to_wait = false;
    if (recovery_request(transaction) && prepare_sign(transaction)) {
        send_next(transaction);
        return;
    }
    transaction->verdict = LOOKUP_FAILED;
    (void)recover(transaction);
    reply(transaction);
}

static void go_on(struct transaction *transaction, enum next next)
{
    if (next == NEXT_SEND)
        send_again(transaction);
    else if (next == NEXT_LOOK_UP)
        look_up(transaction);
    else if (next != NEXT_RESUME)
        reply(transaction);
}

static void on_exchanged(struct exchange *exchange)
{
    struct transaction *transaction = container_of(exchange, struct transaction, exchange);
    enum next next = NEXT_STEP;
    transaction->sent_attempts +=
        exchange->outcome != EXCHANGE_NOT_SENT && !transaction->unknown_outcome;
    for (size_t i = 0; next == NEXT_STEP && i < array_length(inbound); i++)
        next = inbound[i](transaction);
    go_on(transaction, next);
}

/* On the thread that has ended the wait for a credential. A call that waited for its key is sent
 * again in any case, since the upstream ends it when it was cancelled or is late. */
static void on_resumed(struct credential_use *use, enum credential_next next)
{
    struct transaction *transaction = container_of(use, struct transaction, credential);
    enum retry_cause cause = transaction->has_to_wait ? RETRY_KEY : RETRY_CREDENTIAL;
    go_on(transaction, next == CREDENTIAL_AGAIN || cause == RETRY_KEY ? repeat(transaction, cause)
                                                                      : recover(transaction));
}

static void begin(struct call *call, void *context)
{
    struct transaction *transaction = call_state(call);
    transaction_init(transaction, context, call);
    transaction->exchange.done = on_exchanged;
    transaction->credential.resumed = on_resumed;
    for (size_t i = 0; i < array_length(outbound); i++) {
        transaction->step = outbound[i].step;
        if (!outbound[i].take(transaction)) {
            fail_step(transaction);
            return;
        }
    }
    transaction->handed_over = true;
}

static void end(struct call *call, void *context)
{
    (void)context;
    struct transaction *transaction = call_state(call);
    admit_leave(transaction);
    transaction_clear(transaction);
}

struct call_handler pipeline_handler(struct pipeline *pipeline)
{
    retry_budget_init(&pipeline->budget);
    callers_init(&pipeline->callers);
    return (struct call_handler){
        .state_bytes = sizeof(struct transaction),
        .begin = begin,
        .cancelled = send_cancelled,
        .committed = send_committed,
        .end = end,
        .refused = front_failure_refused,
        .context = pipeline,
    };
}
