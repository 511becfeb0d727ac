/* SPDX-License-Identifier: MIT */
#include "pipeline/failure_message.h"

#include "pipeline/failure_trailers.h"

#include "base/banned.h"

/* The longest name that the .proto allows, in UTF-8: 255 characters. */
#define LONGEST_NAME 1020

/* As much of a project id as a message repeats. */
#define LONGEST_ID 64

/* The value of a string field of the caller's request, cut to `most` bytes. */
static struct text requested(const struct transaction *transaction,
                             const struct schema_field *field, size_t most)
{
    struct text text = schema_text(schema_value(transaction->message, field));
    return (struct text){text.data, text_cut(text, most)};
}

void failure_add_name(struct transaction *transaction)
{
    const struct schema_recovery *recovery = transaction->method->recovery;
    if (recovery)
        details_add(&transaction->details, recovery->wanted->name,
                    requested(transaction, recovery->wanted, LONGEST_NAME));
}

/* ", project_id "0123…" and so on: the fields that say where the resources are. */
static void add_filled_fields(const struct transaction *transaction, struct buffer *out)
{
    const struct schema_message *request = transaction->method->request;
    for (size_t i = 0; i < request->field_count; i++) {
        const struct schema_field *field = &request->fields[i];
        if (field->filled_by.size == 0)
            continue;
        buffer_add_literal(out, ", ");
        buffer_add_text(out, field->name);
        buffer_add_literal(out, " \"");
        buffer_add_text(out, requested(transaction, field, LONGEST_ID));
        buffer_add_char(out, '"');
    }
}

/* An operator has to check the endpoint and the fields that are common to all requests when the
 * path is not published; the region is part of the endpoint. */
static void add_place(struct transaction *transaction)
{
    struct buffer fields;
    struct text authority = upstream_authority(transaction->pipeline->upstream);
    struct status failed = transaction->status;
    buffer_init(&fields, &transaction->fault_arena, 128);
    add_filled_fields(transaction, &fields);
    status_set(&transaction->status, failed.code,
               "%s; asked was %.*s%.*s%.*s: check these, and --upstream or --region",
               failed.message, text_arguments(authority),
               text_arguments(transaction->pipeline->prefix), text_arguments(buffer_text(&fields)));
}

void failure_complete(struct transaction *transaction)
{
    char digits[DECIMAL_BYTES];
    if (transaction->fault.effect == FAULT_MISDIRECTED)
        add_place(transaction);
    status_prepend(&transaction->status, "%.*s",
                   text_arguments(transaction->method->readable_name));
    if (transaction->exchange.http_status)
        details_add(
            &transaction->details, text_literal("http_status"),
            (struct text){digits, text_from_u64(digits, transaction->exchange.http_status)});
    details_add(&transaction->details, text_literal("step"),
                text_of(step_names[transaction->step]));
    if (transaction->fault.effect == FAULT_SYSTEM)
        details_add(&transaction->details, text_literal("outcome"), text_literal("unknown"));
    if (transaction->status.code == STATUS_INTERNAL)
        details_add(&transaction->details, text_literal("incident"),
                    trace_headers_request_id(&transaction->trace));
    failure_send(transaction->call, &transaction->details, &transaction->status);
}

void failure_add_attempts(struct transaction *transaction)
{
    char digits[DECIMAL_BYTES];
    call_send_trailer(transaction->call, "x-apig-attempts",
                      (struct text){digits, text_from_u64(digits, transaction->sent_attempts)});
}
