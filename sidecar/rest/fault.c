/* SPDX-License-Identifier: MIT */
#include "rest/fault.h"

#include <stdint.h>
#include <stdio.h>

#include "rest/fault_body.h"

#include "base/banned.h"

/*
 * The vendor's codes, "APIG.3201": prefix and number. The front gateway's numbers, below 1000, mean
 * the same under APIGW. and APIG. (sites differ). Sources: the published error tables of APIG
 * (appendix "Error Codes" of the API reference; "Error Codes" of the user guide for the front
 * gateway). Several rows for one number are told apart by the HTTP status; 0 stands for any.
 */
static const struct vendor_row {
    const char *prefix;
    unsigned first, last;
    unsigned http_status;
    enum status_code code;
    enum fault_effect effect;
} vendor_rows[] = {
    /* The management service: about the request. */
    {"APIG", 2000, 2013, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {"APIG", 3201, 3201, 0, STATUS_ALREADY_EXISTS, FAULT_REFUSED},
    {"APIG", 3309, 3309, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    {"APIG", 3001, 3001, 0, STATUS_NOT_FOUND, FAULT_REFUSED},
    {"APIG", 3030, 3030, 0, STATUS_NOT_FOUND, FAULT_REFUSED},
    {"APIC", 7302, 7302, 0, STATUS_NOT_FOUND, FAULT_REFUSED},
    {"APIG", 3415, 3415, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    {"APIG", 3458, 3458, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    {"APIG", 3718, 3718, 0, STATUS_ABORTED, FAULT_REFUSED},
    {"APIC", 7701, 7701, 0, STATUS_ABORTED, FAULT_REFUSED},
    {"APIC", 7712, 7712, 0, STATUS_ABORTED, FAULT_REFUSED},
    /* Quotas: waiting does not help. */
    {"APIG", 3100, 3101, 0, STATUS_RESOURCE_EXHAUSTED, FAULT_REFUSED},
    /* About the credential: ours, so that the caller can only wait until it is renewed. */
    {"APIG", 1000, 1003, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {"APIG", 1007, 1009, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {"APIC", 7100, 7103, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {"APIC", 7105, 7105, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {"APIC", 7107, 7107, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    /* About the account: real-name authentication, balance, frozen. */
    {"APIG", 1011, 1013, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    /* Rights. */
    {"APIG", 1005, 1005, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIG", 1020, 1020, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIG", 1101, 1101, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIG", 1119, 1119, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIG", 1136, 1136, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIG", 1140, 1140, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIG", 1200, 1201, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIC", 7106, 7106, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIC", 7109, 7111, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIC", 7118, 7118, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIC", 7130, 7130, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIC", 7134, 7134, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIC", 7300, 7300, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    /* Dependencies of the service that fail before it writes: policy decision, IAM, CCMS. */
    {"APIG", 1010, 1010, 0, STATUS_UNAVAILABLE, FAULT_PASSING},
    {"APIG", 1029, 1029, 0, STATUS_UNAVAILABLE, FAULT_PASSING},
    {"APIG", 9004, 9004, 0, STATUS_UNAVAILABLE, FAULT_PASSING},
    {"APIG", 9013, 9013, 0, STATUS_UNAVAILABLE, FAULT_PASSING},
    /* And those that may follow the write: etcd, VPC, DNS, ELB. */
    {"APIG", 3500, 3500, 0, STATUS_UNKNOWN, FAULT_UNKNOWN},
    {"APIG", 9005, 9007, 0, STATUS_UNKNOWN, FAULT_UNKNOWN},
    /* A 500 that says too many requests. */
    {"APIG", 9008, 9008, 0, STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED},
    {"APIG", 9999, 9999, 0, STATUS_INTERNAL, FAULT_REFUSED},
    {"APIC", 9000, 9000, 0, STATUS_INTERNAL, FAULT_REFUSED},
    {"APIC", 9100, 9100, 0, STATUS_INTERNAL, FAULT_REFUSED},
    {"APIC", 9999, 9999, 0, STATUS_INTERNAL, FAULT_REFUSED},

    /* The front gateway. 0101: nothing is published under that path: endpoint, region or project id
       is wrong. */
    {"APIGW", 101, 101, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    /* The gateway's own set-up lacks something, which an operator has to mend. */
    {"APIGW", 106, 106, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    {"APIGW", 103, 107, 0, STATUS_INTERNAL, FAULT_REFUSED},
    {"APIGW", 201, 201, 500, STATUS_INTERNAL, FAULT_REFUSED},
    {"APIGW", 201, 201, 502, STATUS_UNKNOWN, FAULT_UNKNOWN},
    {"APIGW", 201, 201, 504, STATUS_UNKNOWN, FAULT_UNKNOWN},
    {"APIGW", 201, 201, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {"APIGW", 202, 203, 0, STATUS_UNKNOWN, FAULT_UNKNOWN},
    /* TLS version, client certificate: our set-up, not the request. */
    {"APIGW", 204, 205, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    {"APIGW", 301, 301, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {"APIGW", 303, 303, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {"APIGW", 305, 305, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {"APIGW", 307, 307, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {"APIGW", 311, 311, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {"APIGW", 302, 302, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIGW", 304, 304, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIGW", 306, 306, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIGW", 310, 310, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIGW", 308, 308, 0, STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED},
    /* Addresses and regions that are not let in. */
    {"APIGW", 401, 402, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIGW", 404, 405, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIGW", 802, 802, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {"APIGW", 602, 602, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {"APIGW", 607, 607, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {"APIGW", 610, 610, 0, STATUS_UNKNOWN, FAULT_UNKNOWN},
    {"APIGW", 613, 613, 0, STATUS_UNAVAILABLE, FAULT_PASSING},
    {"APIGW", 601, 601, 0, STATUS_INTERNAL, FAULT_REFUSED},
    {"APIGW", 605, 606, 0, STATUS_INTERNAL, FAULT_REFUSED},
    {"APIGW", 608, 612, 0, STATUS_INTERNAL, FAULT_REFUSED},
};

/* HTTP statuses when no vendor code decides (RFC 9110 section 15, RFC 6585); the first row that
 * holds the status. */
static const struct http_row {
    unsigned first, last;
    enum status_code code;
    enum fault_effect effect;
} http_rows[] = {
    /* Never followed: the credential is for one place. */
    {300, 399, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    {400, 400, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {401, 401, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {403, 403, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    {404, 404, STATUS_NOT_FOUND, FAULT_REFUSED},
    {405, 405, STATUS_UNIMPLEMENTED, FAULT_REFUSED},
    /* The server waited for a request that did not come. */
    {408, 408, STATUS_UNAVAILABLE, FAULT_PASSING},
    {409, 409, STATUS_ABORTED, FAULT_REFUSED},
    {410, 410, STATUS_NOT_FOUND, FAULT_REFUSED},
    {413, 415, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {422, 422, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {429, 429, STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED},
    {431, 431, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {494, 494, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {400, 499, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    {503, 503, STATUS_UNAVAILABLE, FAULT_PASSING},
    {0, 999, STATUS_UNKNOWN, FAULT_UNKNOWN},
};

/* "APIG.3201" to "APIG" and 3201; the front gateway's APIG.0308 to "APIGW" and 308. */
static bool split_code(struct text code, struct text *prefix, unsigned *number)
{
    uint64_t digits;
    const char *dot = code.bytes ? memchr(code.at, '.', code.bytes) : NULL;
    if (!dot ||
        !text_to_u64((struct text){dot + 1, (size_t)(code.at + code.bytes - dot - 1)}, &digits) ||
        digits > 9999)
        return false;
    *prefix = (struct text){code.at, (size_t)(dot - code.at)};
    *number = (unsigned)digits;
    if (digits < 1000 && text_equal(*prefix, text_literal("APIG")))
        *prefix = text_literal("APIGW");
    return true;
}

static bool decide_by_code(struct fault *fault, unsigned http_status)
{
    struct text prefix;
    unsigned number;
    if (!split_code(fault->vendor_code, &prefix, &number))
        return false;
    for (size_t i = 0; i < array_length(vendor_rows); i++) {
        const struct vendor_row *row = &vendor_rows[i];
        if (number < row->first || number > row->last ||
            !text_equal(prefix, text_of(row->prefix)) ||
            (row->http_status != 0 && row->http_status != http_status))
            continue;
        fault->code = row->code;
        fault->effect = row->effect;
        return true;
    }
    return false;
}

static void decide_by_status(struct fault *fault, unsigned http_status)
{
    const struct http_row *row = http_rows;
    while (http_status < row->first || http_status > row->last)
        row++;
    fault->code = row->code;
    fault->effect = row->effect;
}

bool fault_is_success(unsigned http_status)
{
    return http_status >= 200 && http_status <= 299;
}

void fault_read(const struct http_answer *answer, struct text secret, struct arena *arena,
                struct fault *fault)
{
    struct fault_body body;
    fault_body_read(answer, secret, arena, &body);
    *fault = (struct fault){
        .vendor_code = body.code,
        .message = body.message,
        .request_id = body.request_id,
        .field = body.field,
        .location_host = body.location_host,
        .wait_ms = body.wait_ms,
    };
    if (!decide_by_code(fault, answer->status))
        decide_by_status(fault, answer->status);
    if (fault->wait_ms == 0 && fault->effect == FAULT_THROTTLED)
        fault->wait_ms = body.window_ms;
}

bool fault_status(const struct fault *fault, const struct http_answer *answer,
                  struct status *status)
{
    struct text message =
        fault->message.bytes ? fault->message : text_literal("the upstream gave no reason");
    return status_fail(status, fault->code, "%.*s (%.*s%sHTTP %u%s%.*s)", text_arguments(message),
                       text_arguments(fault->vendor_code), fault->vendor_code.bytes ? ", " : "",
                       answer->status, fault->request_id.bytes ? ", request " : "",
                       text_arguments(fault->request_id));
}

static const char *const effect_words[] = {
    [FAULT_REFUSED] = "not processed; the same request will be refused again",
    [FAULT_CREDENTIAL] = "not processed: our credential was refused; tried again with a new one",
    [FAULT_PASSING] = "not processed; tried again here, and may be later",
    [FAULT_THROTTLED] = "not processed: too many requests; tried again if there is time",
    [FAULT_UNKNOWN] = "perhaps processed (OUTCOME_UNKNOWN); look before you repeat it",
};

static void write_range(struct buffer *out, const char *prefix, unsigned first, unsigned last,
                        int digits)
{
    char text[32];
    int bytes = first == last ? snprintf(text, sizeof text, "%s%0*u", prefix, digits, first)
                              : snprintf(text, sizeof text, "%s%0*u–%0*u", prefix, digits, first,
                                         digits, last);
    buffer_add(out, text, (size_t)bytes);
}

static void write_decision(struct buffer *out, enum status_code code, enum fault_effect effect)
{
    buffer_add_literal(out, " | `");
    buffer_add_text(out, text_of(status_code_name(code)));
    buffer_add_literal(out, "` | ");
    buffer_add_text(out, text_of(effect_words[effect]));
    buffer_add_literal(out, " |\n");
}

void fault_write_markdown(struct buffer *out)
{
    buffer_add_literal(out, "| vendor's code | HTTP status | gRPC code | what became of the "
                            "request |\n|---|---|---|---|\n");
    for (size_t i = 0; i < array_length(vendor_rows); i++) {
        const struct vendor_row *row = &vendor_rows[i];
        char prefix[16];
        snprintf(prefix, sizeof prefix, "%s.", row->prefix);
        buffer_add_literal(out, "| ");
        write_range(out, prefix, row->first, row->last, 4);
        buffer_add_literal(out, " | ");
        if (row->http_status)
            buffer_add_u64(out, row->http_status);
        else
            buffer_add_literal(out, "any");
        write_decision(out, row->code, row->effect);
    }
    buffer_add_literal(out, "\n| HTTP status, without such a code | gRPC code | what became of the "
                            "request |\n|---|---|---|\n");
    for (size_t i = 0; i < array_length(http_rows); i++) {
        buffer_add_literal(out, "| ");
        if (http_rows[i].first == 0)
            buffer_add_literal(out, "any other");
        else
            write_range(out, "", http_rows[i].first, http_rows[i].last, 3);
        write_decision(out, http_rows[i].code, http_rows[i].effect);
    }
}
