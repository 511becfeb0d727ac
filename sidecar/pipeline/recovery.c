/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "pipeline/transaction.h"
#include "rest/response.h"

#include "base/banned.h"

/* Before a look-up: what still goes on upstream has that long to end. */
#define LOOKUP_DELAY_NS (250 * CLOCK_NS_PER_MS)

static bool may_look_up(const struct transaction *transaction)
{
    return transaction->pipeline->config->recover_lost_creates &&
           call_method(transaction->call)->recovery &&
           lookup_may_help(transaction->exchange.cause) &&
           transaction_time_left_ns(transaction) > LOOKUP_DELAY_NS;
}

/* The outcome stays what it was. */
static void let_stand(struct transaction *transaction)
{
    transaction->fault = transaction->unknown_outcome->fault;
    transaction->status = transaction->unknown_outcome->status;
}

/* Nothing of the create's answer is needed any more: what is told of it has its own memory. */
static bool ask(struct transaction *transaction)
{
    const struct schema_recovery *recovery = call_method(transaction->call)->recovery;
    ProtobufCMessage *request;
    transaction_release_credential(transaction);
    arena_clear(&transaction->response_arena);
    transaction->unknown_outcome->asked++;
    if (!lookup_request(recovery, transaction->message, &transaction->arena, &request,
                        &transaction->status) ||
        !transaction_encode(transaction, recovery->lookup, request) ||
        !transaction_sign(transaction))
        return false;
    transaction_exchange(transaction);
    return true;
}

#define GATEWAY_TIMEOUT 504

/* What is listed by now may be ours; what is not listed was not created, unless it may still come,
 * or the upstream itself has said that it exists. Of an answer that broke the status line alone
 * says so. */
static bool absence_is_proof(const struct unknown_outcome *unknown)
{
    return !fault_may_come_later(&unknown->fault) && unknown->http_status != GATEWAY_TIMEOUT &&
           unknown->fault.code != STATUS_ALREADY_EXISTS && !fault_is_success(unknown->http_status);
}

/* The outcome by what the look-up tells. */
static void conclude(struct transaction *transaction)
{
    switch (transaction->verdict) {
    case LOOKUP_FOUND:
        transaction->fault = (struct fault){0};
        status_clear(&transaction->status);
        return;
    case LOOKUP_OLDER:
        failure_of_older(&transaction->details, &transaction->status);
        break;
    case LOOKUP_ABSENT:
        if (absence_is_proof(transaction->unknown_outcome))
            failure_of_absent(&transaction->details, &transaction->status);
        else
            let_stand(transaction);
        break;
    case LOOKUP_NONE:
    case LOOKUP_FAILED:
        let_stand(transaction);
        break;
    }
    details_add(&transaction->details, text_literal("lookup"),
                text_of(lookup_verdict_names[transaction->verdict]));
}

/* The request id of a yes is a view of the answer, which a look-up lets go. */
static void keep_request_id(struct transaction *transaction, struct unknown_outcome *unknown)
{
    struct text *id = &unknown->fault.request_id;
    const char *copy = arena_copy(&transaction->fault_arena, id->data ? id->data : "", id->size);
    *id = (struct text){copy, copy ? id->size : 0};
    transaction->details.request_id = *id;
}

bool recovery_start(struct transaction *transaction)
{
    struct unknown_outcome *unknown =
        may_look_up(transaction) ? arena_alloc(&transaction->arena, sizeof *unknown) : NULL;
    if (!unknown)
        return false;
    *unknown = (struct unknown_outcome){
        0,
        transaction->request,
        transaction->fault,
        transaction->exchange.http_status,
        transaction->status,
    };
    keep_request_id(transaction, unknown);
    transaction->unknown_outcome = unknown;
    transaction->step = STEP_LOOK_UP;
    transaction->exchange.delay_ns = LOOKUP_DELAY_NS;
    if (ask(transaction))
        return true;
    transaction->verdict = LOOKUP_FAILED;
    call_metrics_lookup(transaction);
    conclude(transaction);
    return false;
}

static enum lookup_verdict judge(struct transaction *transaction)
{
    const struct schema_recovery *recovery = call_method(transaction->call)->recovery;
    const struct http_response *response = &transaction->exchange.response;
    ProtobufCMessage *listed;
    if (transaction->exchange.outcome != EXCHANGE_ANSWERED || !fault_is_success(response->status) ||
        !transaction_decode(transaction, recovery->lookup, &listed))
        return LOOKUP_FAILED;
    int64_t ago_ns = clock_now_ns() - call_received_ns(transaction->call);
    int64_t earliest_ns = lookup_earliest_ns(response, ago_ns, clock_calendar_ns());
    return lookup_judge(recovery, transaction->message, listed, earliest_ns,
                        &transaction->response);
}

/* Whether the create goes on its way again. */
static bool begins_anew(struct transaction *transaction)
{
    return transaction->verdict == LOOKUP_ABSENT &&
           absence_is_proof(transaction->unknown_outcome) &&
           retry_is_allowed(transaction, transaction->attempts, 0);
}

void recovery_continue(struct transaction *transaction)
{
    transaction->verdict = judge(transaction);
    if (transaction->verdict == LOOKUP_FAILED &&
        retry_is_due(transaction, transaction->unknown_outcome->asked) && ask(transaction))
        return;
    call_metrics_lookup(transaction);
    transaction->request = transaction->unknown_outcome->request;
    transaction->exchange.http_status = transaction->unknown_outcome->http_status;
    if (begins_anew(transaction)) {
        call_metrics_retry(transaction, METRIC_RETRY_ABSENT);
        transaction_send_again(transaction);
        return;
    }
    conclude(transaction);
    transaction_reply(transaction);
}
