/* SPDX-License-Identifier: MIT */
#include "client/explain.h"

#include <string.h>

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

#include "base/banned.h"

static void explain_error_info(const Google__Protobuf__Any *any, FILE *out)
{
    Google__Rpc__ErrorInfo *info =
        google__rpc__error_info__unpack(NULL, any->value.len, any->value.data);
    if (!info)
        return;
    fprintf(out, "  reason %s of %s\n", info->reason, info->domain);
    for (size_t i = 0; i < info->n_metadata; i++)
        fprintf(out, "  %s %s\n", info->metadata[i]->key, info->metadata[i]->value);
    google__rpc__error_info__free_unpacked(info, NULL);
}

static void explain_bad_request(const Google__Protobuf__Any *any, FILE *out)
{
    Google__Rpc__BadRequest *request =
        google__rpc__bad_request__unpack(NULL, any->value.len, any->value.data);
    if (!request)
        return;
    for (size_t i = 0; i < request->n_field_violations; i++)
        fprintf(out, "  field %s: %s\n", request->field_violations[i]->field,
                request->field_violations[i]->description);
    google__rpc__bad_request__free_unpacked(request, NULL);
}

static void explain_request_info(const Google__Protobuf__Any *any, FILE *out)
{
    Google__Rpc__RequestInfo *info =
        google__rpc__request_info__unpack(NULL, any->value.len, any->value.data);
    if (!info)
        return;
    fprintf(out, "  upstream's request %s\n", info->request_id);
    google__rpc__request_info__free_unpacked(info, NULL);
}

static void explain_retry_info(const Google__Protobuf__Any *any, FILE *out)
{
    Google__Rpc__RetryInfo *info =
        google__rpc__retry_info__unpack(NULL, any->value.len, any->value.data);
    if (info && info->retry_delay)
        fprintf(out, "  retry after %lld.%03d s\n", (long long)info->retry_delay->seconds,
                info->retry_delay->nanos / 1000000);
    if (info)
        google__rpc__retry_info__free_unpacked(info, NULL);
}

static const struct {
    const char *type;
    void (*explain)(const Google__Protobuf__Any *any, FILE *out);
} details[] = {
    {"type.googleapis.com/google.rpc.ErrorInfo", explain_error_info},
    {"type.googleapis.com/google.rpc.BadRequest", explain_bad_request},
    {"type.googleapis.com/google.rpc.RequestInfo", explain_request_info},
    {"type.googleapis.com/google.rpc.RetryInfo", explain_retry_info},
};

static void explain_any(const Google__Protobuf__Any *any, FILE *out)
{
    for (size_t i = 0; i < array_length(details); i++)
        if (strcmp(any->type_url, details[i].type) == 0)
            details[i].explain(any, out);
}

static void explain_details(struct text value, FILE *out)
{
    Google__Rpc__Status *status =
        google__rpc__status__unpack(NULL, value.bytes, (const uint8_t *)value.at);
    if (!status)
        return;
    for (size_t i = 0; i < status->n_details; i++)
        explain_any(status->details[i], out);
    google__rpc__status__free_unpacked(status, NULL);
}

void explain_trailer(struct text name, struct text value, FILE *out)
{
    static const char *const plain[] = {"x-apig-attempts", "grpc-retry-pushback-ms"};
    if (text_equal(name, text_literal("grpc-status-details-bin")))
        explain_details(value, out);
    for (size_t i = 0; i < array_length(plain); i++)
        if (text_equal(name, text_of(plain[i])))
            fprintf(out, "  %s %.*s\n", plain[i], text_arguments(value));
}
