/* SPDX-License-Identifier: MIT */
#include "client/print_status.h"

#include <string.h>

#include "base/clock.h"

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

#include "base/banned.h"

/* A longer delay is not printed, because it would overflow or make no sense. */
#define LONGEST_RETRY_S (INT64_C(366) * 24 * 3600)

void print_text(struct text text, struct buffer *out)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        buffer_add_char(out, c < ' ' || c == 0x7f ? '?' : text.data[i]);
    }
}

static void add_line(struct buffer *out, const char *prefix, struct text name, struct text value)
{
    buffer_add_literal(out, "  ");
    buffer_add_text(out, text_of(prefix));
    print_text(name, out);
    buffer_add_literal(out, ": ");
    print_text(value, out);
    buffer_add_char(out, '\n');
}

static void print_error_info(const ProtobufCBinaryData *bytes, struct buffer *out)
{
    Google__Rpc__ErrorInfo *info = google__rpc__error_info__unpack(NULL, bytes->len, bytes->data);
    if (!info)
        return;
    add_line(out, "", text_literal("reason"), text_of(info->reason));
    add_line(out, "", text_literal("domain"), text_of(info->domain));
    for (size_t i = 0; i < info->n_metadata; i++)
        add_line(out, "", text_of(info->metadata[i]->key), text_of(info->metadata[i]->value));
    google__rpc__error_info__free_unpacked(info, NULL);
}

static void print_bad_request(const ProtobufCBinaryData *bytes, struct buffer *out)
{
    Google__Rpc__BadRequest *request =
        google__rpc__bad_request__unpack(NULL, bytes->len, bytes->data);
    if (!request)
        return;
    for (size_t i = 0; i < request->n_field_violations; i++) {
        const Google__Rpc__BadRequest__FieldViolation *violation = request->field_violations[i];
        add_line(out, "field ", text_of(violation->field), text_of(violation->description));
    }
    google__rpc__bad_request__free_unpacked(request, NULL);
}

static void print_request_info(const ProtobufCBinaryData *bytes, struct buffer *out)
{
    Google__Rpc__RequestInfo *info =
        google__rpc__request_info__unpack(NULL, bytes->len, bytes->data);
    if (!info)
        return;
    add_line(out, "", text_literal("upstream request id"), text_of(info->request_id));
    google__rpc__request_info__free_unpacked(info, NULL);
}

static void print_retry_info(const ProtobufCBinaryData *bytes, struct buffer *out)
{
    Google__Rpc__RetryInfo *info = google__rpc__retry_info__unpack(NULL, bytes->len, bytes->data);
    if (!info)
        return;
    const Google__Protobuf__Duration *delay = info->retry_delay;
    if (delay && delay->seconds >= 0 && delay->seconds < LONGEST_RETRY_S && delay->nanos >= 0) {
        buffer_add_literal(out, "  retry after: ");
        buffer_add_i64(out, delay->seconds * 1000 + delay->nanos / CLOCK_NS_PER_MS);
        buffer_add_literal(out, " ms\n");
    }
    google__rpc__retry_info__free_unpacked(info, NULL);
}

static const struct {
    const char *type;
    void (*print)(const ProtobufCBinaryData *bytes, struct buffer *out);
} details[] = {
    {"type.googleapis.com/google.rpc.ErrorInfo", print_error_info},
    {"type.googleapis.com/google.rpc.BadRequest", print_bad_request},
    {"type.googleapis.com/google.rpc.RequestInfo", print_request_info},
    {"type.googleapis.com/google.rpc.RetryInfo", print_retry_info},
};

static void print_any(const Google__Protobuf__Any *any, struct buffer *out)
{
    for (size_t i = 0; i < array_length(details); i++)
        if (strcmp(any->type_url, details[i].type) == 0) {
            details[i].print(&any->value, out);
            return;
        }
    add_line(out, "", text_literal("a detail of type"), text_of(any->type_url));
}

static void print_details(struct text value, struct buffer *out)
{
    Google__Rpc__Status *status =
        google__rpc__status__unpack(NULL, value.size, (const uint8_t *)value.data);
    if (!status)
        return;
    for (size_t i = 0; i < status->n_details; i++)
        print_any(status->details[i], out);
    google__rpc__status__free_unpacked(status, NULL);
}

void print_status(enum status_code code, struct text message, struct buffer *out)
{
    buffer_add_text(out, text_of(status_code_name(code)));
    buffer_add_literal(out, ": ");
    print_text(message, out);
    buffer_add_char(out, '\n');
}

void print_trailer(struct text name, struct text value, struct buffer *out)
{
    if (text_equal(name, text_literal("grpc-status-details-bin")))
        print_details(value, out);
    else if (text_equal(name, text_literal("x-apig-attempts")) ||
             text_equal(name, text_literal("grpc-retry-pushback-ms")))
        add_line(out, "", name, value);
}
