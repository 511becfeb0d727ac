/* SPDX-License-Identifier: MIT */
#include "pipeline/failure_message.h"

#include "base/banned.h"

/* The longest name that the .proto allows, in UTF-8: 255 characters. */
#define LONGEST_NAME 1020

/* As much of a project id as a message repeats. */
#define LONGEST_ID 64

/* The value of a string field of the caller's request, cut to `most` bytes; {NULL, 0} without one.
 */
static struct text requested(const struct transaction *transaction, struct text name, size_t most)
{
    const struct schema_field *field =
        schema_field_by_name(transaction->method->request, name, false);
    if (!field || field->type != FIELD_STRING || field->shape == FIELD_REPEATED)
        return (struct text){NULL, 0};
    const ProtobufCBinaryData *value = schema_value(transaction->message, field);
    struct text text = {(const char *)value->data, value->len};
    return (struct text){text.data, text_cut(text, most)};
}

void failure_add_name(struct transaction *transaction)
{
    struct text name = text_literal("name");
    details_add(&transaction->details, name, requested(transaction, name, LONGEST_NAME));
}

/* An operator has to check endpoint and project when the path is not published; the region is part
 * of the endpoint. */
static void add_place(struct transaction *transaction)
{
    struct text authority = upstream_authority(transaction->pipeline->upstream),
                project = requested(transaction, text_literal("project_id"), LONGEST_ID);
    struct status failed = transaction->status;
    status_set(&transaction->status, failed.code,
               "%s; asked was %.*s%.*s for project \"%.*s\": check --upstream or --region, and the "
               "project id",
               failed.message, text_arguments(authority),
               text_arguments(transaction->pipeline->prefix), text_arguments(project));
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
