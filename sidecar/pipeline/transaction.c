/* SPDX-License-Identifier: MIT */
#include "pipeline/transaction.h"

#include <string.h>

#include "base/clock.h"
#include "system/redact.h"

#include "base/banned.h"

/* A message in memory can take several times its size on the wire, and the request made of it lies
 * beside it. */
#define MEMORY_PER_MESSAGE_BYTE 16
#define MEMORY_PER_RESPONSE_BYTE 8
#define MEMORY_BESIDE (256 * 1024)

/* The texts of an upstream's fault are kept several times: as they came, in details, as trailers.
 */
#define FAULT_BYTES (32 * 1024)

const char *const step_names[STEP_COUNT] = {
#define STEP(id, name) [STEP_##id] = (name),
    STEPS(STEP)
#undef STEP
};

void transaction_init(struct transaction *transaction, struct pipeline *pipeline, struct call *call)
{
    const struct config *config = pipeline->config;
    memset(transaction, 0, offsetof(struct transaction, trace));
    transaction->pipeline = pipeline;
    transaction->call = call;
    transaction->method = call_method(call);
    transaction->credential.deadline_ns = call_deadline_ns(call);
    arena_init_with(&transaction->arena,
                    config->max_message_bytes * MEMORY_PER_MESSAGE_BYTE + MEMORY_BESIDE,
                    transaction->memory, sizeof transaction->memory);
    arena_init(&transaction->response_arena,
               config->max_response_bytes * MEMORY_PER_RESPONSE_BYTE + MEMORY_BESIDE);
    transaction->arena.quota = call_request_memory(call);
    transaction->response_arena.quota = call_response_memory(call);
    arena_init(&transaction->fault_arena, FAULT_BYTES);
    exchange_init(&transaction->exchange);
    details_init(&transaction->details);
    status_clear(&transaction->status);
}

void transaction_clear(struct transaction *transaction)
{
    arena_clear(&transaction->arena);
    arena_clear(&transaction->response_arena);
    arena_clear(&transaction->fault_arena);
}

void transaction_reset_outcome(struct transaction *transaction)
{
    transaction->fault = (struct fault){0};
    transaction->unknown_outcome = NULL;
    arena_clear(&transaction->response_arena);
    arena_clear(&transaction->fault_arena);
    details_init(&transaction->details);
    status_clear(&transaction->status);
}

int64_t transaction_time_left_ns(const struct transaction *transaction)
{
    return call_deadline_ns(transaction->call) - clock_now_ns();
}

enum idempotency transaction_idempotency(const struct transaction *transaction)
{
    return transaction->unknown_outcome ? NO_SIDE_EFFECTS : transaction->method->idempotency;
}

bool transaction_only_reads(const struct transaction *transaction)
{
    return transaction_idempotency(transaction) == NO_SIDE_EFFECTS;
}

void transaction_redact(const struct transaction *transaction, struct status *status)
{
    struct text message = text_of(status->message);
    if (message.size == 0)
        return;
    struct credential *credential = transaction->pipeline->credential;
    struct secret *signature = credential_hide(credential, &transaction->credential);
    size_t size = redact(credential_secrets(credential), status->message, message.size);
    status->message[size] = '\0';
    secret_wipe(signature);
}

void transaction_release_credential(struct transaction *transaction)
{
    credential_release(&transaction->credential);
}
