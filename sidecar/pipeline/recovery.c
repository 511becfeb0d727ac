/* SPDX-License-Identifier: MIT */
#include "pipeline/recovery.h"

#include "base/clock.h"
#include "pipeline/interpret.h"
#include "pipeline/prepare.h"
#include "rest/response.h"

#include "base/banned.h"

/* Before a look-up: time for what is still under way upstream to end. */
#define LOOKUP_DELAY_NS (250 * CLOCK_NS_PER_MS)

#define GATEWAY_TIMEOUT 504

static bool may_look_up(const struct transaction *transaction)
{
    return transaction->pipeline->config->recover_lost_creates && transaction->method->recovery &&
           lookup_may_help(transaction->exchange.cause) &&
           transaction_time_left_ns(transaction) > LOOKUP_DELAY_NS;
}

/* The request id of a success is a view of the response, whose memory the look-up takes. */
static void keep_request_id(struct transaction *transaction, struct unknown_outcome *unknown)
{
    struct text *id = &unknown->fault.request_id;
    const char *copy = arena_copy(&transaction->fault_arena, id->data ? id->data : "", id->size);
    *id = (struct text){copy, copy ? id->size : 0};
    transaction->details.request_id = *id;
}

bool recovery_begin(struct transaction *transaction)
{
    struct unknown_outcome *unknown =
        may_look_up(transaction) ? arena_alloc(&transaction->arena, sizeof *unknown) : NULL;
    if (!unknown)
        return false;
    *unknown = (struct unknown_outcome){
        .request = transaction->request,
        .fault = transaction->fault,
        .http_status = transaction->exchange.http_status,
        .status = transaction->status,
    };
    keep_request_id(transaction, unknown);
    transaction->unknown_outcome = unknown;
    transaction->step = STEP_RECOVER;
    transaction->exchange.delay_ns = LOOKUP_DELAY_NS;
    return true;
}

bool recovery_request(struct transaction *transaction)
{
    const struct schema_recovery *recovery = transaction->method->recovery;
    ProtobufCMessage *request;
    transaction_release_credential(transaction);
    arena_clear(&transaction->response_arena);
    transaction->unknown_outcome->lookups++;
    return lookup_request(recovery, transaction->message, &transaction->arena, &request,
                          &transaction->status) &&
           prepare_encode(transaction, recovery->lookup, request);
}

static enum lookup_verdict judge(struct transaction *transaction)
{
    const struct schema_recovery *recovery = transaction->method->recovery;
    const struct http_response *response = &transaction->exchange.response;
    ProtobufCMessage *listed;
    if (transaction->exchange.outcome != EXCHANGE_ANSWERED || !fault_is_success(response->status) ||
        !interpret_message(transaction, recovery->lookup, &listed))
        return LOOKUP_FAILED;
    int64_t ago_ns = clock_now_ns() - call_received_ns(transaction->call);
    int64_t earliest_ns = lookup_earliest_ns(response, ago_ns, clock_calendar_ns());
    return lookup_judge(recovery, transaction->message, listed, earliest_ns,
                        &transaction->response);
}

void recovery_judge(struct transaction *transaction)
{
    transaction->verdict = judge(transaction);
}

/* A create that is not listed was not carried out, unless it may still be, or the upstream itself
 * has said that it exists or was created. */
bool recovery_proves_absence(const struct transaction *transaction)
{
    const struct unknown_outcome *unknown = transaction->unknown_outcome;
    return transaction->verdict == LOOKUP_ABSENT && !fault_may_come_later(&unknown->fault) &&
           unknown->http_status != GATEWAY_TIMEOUT &&
           unknown->fault.code != STATUS_ALREADY_EXISTS && !fault_is_success(unknown->http_status);
}

void recovery_restore(struct transaction *transaction)
{
    transaction->request = transaction->unknown_outcome->request;
    transaction->exchange.http_status = transaction->unknown_outcome->http_status;
}

static void let_stand(struct transaction *transaction)
{
    transaction->fault = transaction->unknown_outcome->fault;
    transaction->status = transaction->unknown_outcome->status;
}

/* The outcome stays unknown, but the caller need not look. */
static void add_existence(struct transaction *transaction)
{
    struct status unknown;
    let_stand(transaction);
    unknown = transaction->status;
    status_set(&transaction->status, unknown.code,
               "%s; a look-up showed that it exists, but not since when", unknown.message);
}

static void conclude_found(struct transaction *transaction)
{
    transaction->fault = (struct fault){0};
    status_clear(&transaction->status);
}

void recovery_conclude(struct transaction *transaction)
{
    if (transaction->verdict == LOOKUP_FOUND) {
        conclude_found(transaction);
        return;
    }
    if (transaction->verdict == LOOKUP_OLDER)
        failure_of_older(&transaction->details, &transaction->status);
    else if (transaction->verdict == LOOKUP_EXISTS)
        add_existence(transaction);
    else if (recovery_proves_absence(transaction))
        failure_of_absent(&transaction->details, &transaction->status);
    else
        let_stand(transaction);
    details_add(&transaction->details, text_literal("lookup"),
                text_of(lookup_verdict_names[transaction->verdict]));
}
