/* SPDX-License-Identifier: MIT */
#include "pipeline/interpret.h"

#include "pipeline/access_log.h"
#include "pipeline/failure_message.h"
#include "rest/fault.h"
#include "rest/fault_body.h"
#include "rest/response.h"

#include "base/banned.h"

static struct secret *hide_signature(const struct transaction *transaction)
{
    return credential_hide(transaction->pipeline->credential, &transaction->credential);
}

static struct fault read_fault(struct transaction *transaction)
{
    const struct http_response *response = &transaction->exchange.response;
    struct secret_list *secrets = credential_secrets(transaction->pipeline->credential);
    struct fault fault = {0};
    bool is_success = fault_is_success(response->status);
    if (transaction->exchange.outcome != EXCHANGE_ANSWERED)
        return fault;
    struct secret *signature = hide_signature(transaction);
    if (is_success)
        fault.request_id = fault_body_request_id(response, secrets);
    else
        fault_read(response, secrets, &transaction->response_arena, &transaction->fault_arena,
                   &fault);
    secret_wipe(signature);
    if (!is_success && transaction_only_reads(transaction))
        fault_of_safe_request(&fault);
    return fault;
}

static void inflate_response(struct exchange *exchange, size_t most)
{
    if (response_inflate(&exchange->response, most, exchange->arena, &exchange->status))
        return;
    if (exchange->arena->refused)
        exchange->cause = EXCHANGE_CAUSE_NO_MEMORY;
    else if (exchange->status.code == STATUS_RESOURCE_EXHAUSTED)
        exchange->cause = EXCHANGE_CAUSE_RESPONSE_TOO_LARGE;
    else
        exchange->cause = EXCHANGE_CAUSE_UNREADABLE_RESPONSE;
    exchange->outcome = EXCHANGE_PERHAPS_PROCESSED;
}

/* Whether a status line came and what followed it is of no use; not when the call was over before.
 */
static bool broke_behind_refusal(const struct exchange *exchange)
{
    return exchange->outcome == EXCHANGE_PERHAPS_PROCESSED && exchange->http_status >= 400 &&
           exchange->http_status <= 499 &&
           (exchange->cause == EXCHANGE_CAUSE_LOST ||
            exchange->cause == EXCHANGE_CAUSE_UNREADABLE_RESPONSE ||
            exchange->cause == EXCHANGE_CAUSE_RESPONSE_TOO_LARGE ||
            exchange->cause == EXCHANGE_CAUSE_NO_MEMORY);
}

void interpret_complete(struct exchange *exchange, size_t most)
{
    if (exchange->outcome == EXCHANGE_ANSWERED)
        inflate_response(exchange, most);
    if (!broke_behind_refusal(exchange))
        return;
    exchange->outcome = EXCHANGE_ANSWERED;
    exchange->response = (struct http_response){.status = exchange->http_status};
}

void interpret_fault(struct transaction *transaction)
{
    interpret_complete(&transaction->exchange, transaction->pipeline->config->max_response_bytes);
    transaction_redact(transaction, &transaction->exchange.status);
    transaction->fault = read_fault(transaction);
}

/* A json_unreadable: keeps the first member that could not be read. */
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

bool interpret_message(struct transaction *transaction, const struct schema_method *method,
                       ProtobufCMessage **message)
{
    transaction->unreadable.count = 0;
    if (!response_decode(method, &transaction->exchange.response, &transaction->response_arena,
                         note_unreadable, transaction, message, &transaction->status)) {
        transaction_redact(transaction, &transaction->status);
        return false;
    }
    if (transaction->unreadable.count > 0) {
        struct secret *signature = hide_signature(transaction);
        access_log_unreadable(transaction);
        secret_wipe(signature);
    }
    return true;
}

/* A look-up found nothing, the create was sent again, and now its name exists: the first attempt
 * may have created it. */
static bool exists_after_all(const struct transaction *transaction)
{
    return transaction->verdict == LOOKUP_ABSENT &&
           transaction->fault.code == STATUS_ALREADY_EXISTS;
}

/* "[::1]:443" without the port. */
static struct text host_of(struct text authority)
{
    struct text address = authority;
    bool is_ipv6 = text_take(&address, '[');
    address = text_until(address, is_ipv6 ? ']' : ':');
    return is_ipv6 ? (struct text){authority.data, address.size + 2} : address;
}

static struct text error_domain(const struct transaction *transaction)
{
    struct text domain = transaction->method->error_domain;
    return domain.size > 0 ? domain : host_of(upstream_authority(transaction->pipeline->upstream));
}

static bool fail_with_fault(struct transaction *transaction)
{
    transaction->details.domain = error_domain(transaction);
    bool failed = failure_of_fault(&transaction->details, &transaction->fault,
                                   &transaction->exchange.response, &transaction->fault_arena,
                                   &transaction->status);
    if (exists_after_all(transaction))
        failure_of_existing(&transaction->details, &transaction->status);
    return failed;
}

/* A response too many, which an upstream or a proxy has sent, is taken for that to the next request
 * on its connection. Its values are another caller's. */
static bool fail_mismatch(struct transaction *transaction)
{
    upstream_close_connection(&transaction->exchange);
    failure_of_response(&transaction->details, "RESPONSE_MISMATCH", transaction->fault.request_id);
    return status_fail(&transaction->status, STATUS_UNKNOWN,
                       "the upstream's response belongs to another request: its %.*s is not the "
                       "one that was sent",
                       text_arguments(transaction->method->recovery->match->name));
}

/* The resource does not exist, and an earlier attempt of this call may have removed it: the caller
 * has what it asked for. */
static bool is_removed(const struct transaction *transaction)
{
    return transaction->repeated && transaction->method->removes &&
           transaction->fault.code == STATUS_NOT_FOUND;
}

static bool succeed_without_message(struct transaction *transaction)
{
    transaction->response =
        schema_message_new(transaction->method->response, &transaction->response_arena);
    if (!transaction->response)
        return fail_with_fault(transaction);
    transaction->fault = (struct fault){0};
    return true;
}

/* No memory was left for the message: the response is as good as lost. */
static bool fail_for_shortage(struct transaction *transaction)
{
    struct exchange *exchange = &transaction->exchange;
    exchange->outcome = EXCHANGE_PERHAPS_PROCESSED;
    exchange->cause = EXCHANGE_CAUSE_NO_MEMORY;
    transaction->details.request_id = transaction->fault.request_id;
    status_set(&exchange->status, STATUS_UNKNOWN,
               "the response's message does not fit the memory that is left");
    return failure_of_exchange(&transaction->details, exchange,
                               transaction_idempotency(transaction), &transaction->status);
}

bool interpret_response(struct transaction *transaction)
{
    const struct schema_recovery *recovery = transaction->method->recovery;
    if (transaction->exchange.outcome != EXCHANGE_ANSWERED)
        return failure_of_exchange(&transaction->details, &transaction->exchange,
                                   transaction_idempotency(transaction), &transaction->status);
    transaction->step = STEP_INTERPRET;
    if (!fault_is_success(transaction->exchange.response.status))
        return is_removed(transaction) ? succeed_without_message(transaction)
                                       : fail_with_fault(transaction);
    if (!interpret_message(transaction, transaction->method, &transaction->response)) {
        if (transaction->response_arena.refused)
            return fail_for_shortage(transaction);
        failure_of_response(&transaction->details, "RESPONSE_UNREADABLE",
                            transaction->fault.request_id);
        return false;
    }
    if (recovery && !lookup_belongs(recovery, transaction->message, transaction->response))
        return fail_mismatch(transaction);
    return true;
}

bool interpret_is_unknown(const struct transaction *transaction)
{
    if (transaction->exchange.outcome == EXCHANGE_PERHAPS_PROCESSED)
        return !transaction_only_reads(transaction);
    return exists_after_all(transaction) || fault_is_unknown(&transaction->fault) ||
           fault_is_success(transaction->exchange.response.status);
}
