/* SPDX-License-Identifier: MIT */
#include "rest/fault_table.h"

#include <stdint.h>
#include <stdio.h>

#include "base/banned.h"

/*
 * The codes of the vendor, "APIG.3201": prefix and number. Their meanings are those of the
 * published error tables: for APIG. from 1000 and for APIC. the appendix "Error Codes" of the API
 * reference, for the front gateway, below 1000, "Error Codes" in the user guide. The numbers of the
 * front gateway mean the same under APIGW. and APIG., because sites differ. The gRPC code follows
 * from the next step of the caller; a comment names it when the meaning does not. Rows with one
 * number differ in the HTTP status, where 0 stands for any. The first row that fits decides.
 */
static const struct vendor_row {
    const char *prefix;
    unsigned first, last;
    unsigned http_status;
    enum status_code code;
    enum fault_effect effect;
    const char *meaning;
} vendor_rows[] = {
    /* The management service: about the request. */
    {"APIG", 2000, 2013, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "a parameter is wrong"},
    {"APIG", 2021, 2022, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "lists of addresses do not allow the domain name"},
    {"APIG", 2023, 2023, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the CNAME record of the domain name cannot be resolved"},
    {"APIG", 2024, 2025, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED,
     "the domain name or the port is not valid"},
    {"APIG", 2029, 2029, 0, STATUS_ALREADY_EXISTS, FAULT_REFUSED, "a default certificate exists"},
    {"APIG", 2034, 2034, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the domain name has to be filed first"},
    {"APIG", 2049, 2049, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the gateway has not opened the port"},
    {"APIG", 2050, 2050, 0, STATUS_ALREADY_EXISTS, FAULT_REFUSED,
     "the domain name is bound with that port"},
    {"APIG", 2051, 2051, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the domain name has another certificate"},
    {"APIG", 2101, 2109, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED,
     "certificate or private key is not valid"},
    {"APIG", 3148, 3148, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED,
     "the certificate expires too late"},
    {"APIG", 3708, 3709, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED,
     "key usage or signature algorithm of the certificate"},
    {"APIG", 3715, 3715, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the certificates have different algorithms"},
    {"APIC", 7257, 7257, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the port is bound to another domain name"},
    {"APIG", 3474, 3474, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED,
     "the domain name is bound to another group"},
    {"APIG", 3201, 3201, 0, STATUS_ALREADY_EXISTS, FAULT_REFUSED, "a group of that name exists"},
    {"APIG", 3216, 3216, 0, STATUS_ALREADY_EXISTS, FAULT_REFUSED, "a response of that name exists"},
    {"APIG", 3305, 3305, 0, STATUS_ALREADY_EXISTS, FAULT_REFUSED, "the domain name is bound"},
    {"APIG", 3309, 3309, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the operation was performed before"},
    {"APIG", 3001, 3001, 0, STATUS_NOT_FOUND, FAULT_REFUSED, "the group does not exist"},
    {"APIG", 3020, 3020, 0, STATUS_NOT_FOUND, FAULT_REFUSED, "the domain name does not exist"},
    {"APIG", 3021, 3021, 0, STATUS_NOT_FOUND, FAULT_REFUSED, "the certificate does not exist"},
    {"APIG", 3025, 3025, 0, STATUS_NOT_FOUND, FAULT_REFUSED, "the certificate does not exist"},
    {"APIG", 3097, 3097, 0, STATUS_NOT_FOUND, FAULT_REFUSED,
     "the certificate is not bound to the domain name"},
    {"APIG", 3030, 3030, 0, STATUS_NOT_FOUND, FAULT_REFUSED, "the gateway instance does not exist"},
    {"APIC", 7302, 7302, 0, STATUS_NOT_FOUND, FAULT_REFUSED, "the gateway instance does not exist"},
    {"APIG", 3415, 3415, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED, "the group contains APIs"},
    {"APIG", 3491, 3492, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the default response cannot be deleted or renamed"},
    {"APIG", 3458, 3458, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the instance lacks the feature"},
    /* The task of the instance ends; then the caller may start the whole operation again. */
    {"APIG", 3711, 3711, 0, STATUS_ABORTED, FAULT_BUSY, "a setting may change once a minute"},
    {"APIG", 3718, 3718, 0, STATUS_ABORTED, FAULT_BUSY, "a task is running"},
    {"APIC", 7701, 7701, 0, STATUS_ABORTED, FAULT_BUSY, "the instance is busy"},
    {"APIC", 7712, 7712, 0, STATUS_ABORTED, FAULT_BUSY, "the instance is locked"},
    /* Quotas: waiting does not help, but deleting something or a larger quota does. */
    {"APIG", 3100, 3101, 0, STATUS_RESOURCE_EXHAUSTED, FAULT_REFUSED, "a quota is used up"},
    {"APIG", 3108, 3108, 0, STATUS_RESOURCE_EXHAUSTED, FAULT_REFUSED,
     "the quota of domain names is used up"},
    {"APIG", 3136, 3136, 0, STATUS_RESOURCE_EXHAUSTED, FAULT_REFUSED,
     "the quota of responses is used up"},
    /* The credential of the sidecar: the caller can only wait until it is renewed. */
    {"APIG", 1000, 1003, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL,
     "the token is missing, expired, unreadable or without project"},
    {"APIG", 1007, 1009, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL,
     "the token has no domain, an unknown one, or no user"},
    {"APIC", 7100, 7103, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL,
     "the token is missing, expired, unreadable or without project"},
    {"APIC", 7105, 7105, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL, "the token has no account"},
    {"APIC", 7107, 7107, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL, "the token has no user"},
    /* The account: an operator has to change it. */
    {"APIG", 1011, 1013, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the account is not verified, in arrears or frozen"},
    /* Rights: the owner of the account grants them. */
    {"APIG", 1005, 1005, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "no right to the method"},
    {"APIG", 1020, 1020, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "too few rights"},
    {"APIG", 1101, 1101, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "no rights to groups"},
    {"APIG", 1115, 1115, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "no rights to certificates"},
    {"APIG", 1301, 1301, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "no rights to the domain"},
    {"APIG", 1119, 1119, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "no fine-grained rights"},
    {"APIG", 1136, 1136, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "no rights to the instance"},
    {"APIG", 1140, 1140, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "no rights to the feature"},
    {"APIG", 1200, 1201, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "resources of another tenant"},
    {"APIC", 7106, 7106, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "the account is restricted"},
    {"APIC", 7109, 7111, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED,
     "the project is restricted or frozen"},
    {"APIC", 7118, 7118, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "the account lacks rights"},
    {"APIC", 7130, 7130, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED,
     "no rights to the enterprise project"},
    {"APIC", 7134, 7134, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "enterprise projects are off"},
    {"APIC", 7300, 7300, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "no rights to the instance"},
    /* Dependencies of the service that fail before it writes. */
    {"APIG", 1010, 1010, 0, STATUS_UNAVAILABLE, FAULT_PASSING,
     "the policy decision server is unreachable"},
    {"APIG", 1029, 1029, 0, STATUS_UNAVAILABLE, FAULT_PASSING, "the policy decision failed"},
    {"APIG", 9004, 9004, 0, STATUS_UNAVAILABLE, FAULT_PASSING, "IAM failed"},
    {"APIG", 9013, 9013, 0, STATUS_UNAVAILABLE, FAULT_PASSING, "the certificate service failed"},
    /* Dependencies that may fail after the write. */
    {"APIG", 3500, 3500, 0, STATUS_UNKNOWN, FAULT_UNKNOWN, "etcd was not synchronised"},
    {"APIG", 9005, 9007, 0, STATUS_UNKNOWN, FAULT_UNKNOWN,
     "the VPC, DNS or load balancer service failed"},
    {"APIG", 9008, 9008, 0, STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED,
     "too many requests, said with a 500"},
    /* Faults that a retry does not solve. The vendor does not say that they occur before the write.
     */
    {"APIG", 9999, 9999, 0, STATUS_INTERNAL, FAULT_SYSTEM, "system error"},
    {"APIC", 9000, 9000, 0, STATUS_INTERNAL, FAULT_SYSTEM, "internal error"},
    {"APIC", 9100, 9100, 0, STATUS_INTERNAL, FAULT_SYSTEM, "internal error"},
    {"APIC", 9999, 9999, 0, STATUS_INTERNAL, FAULT_SYSTEM, "system error"},

    /* The front gateway. 0101 is about the endpoint and not about an instance, so that NOT_FOUND
       would mislead. */
    {"APIGW", 101, 101, 0, STATUS_FAILED_PRECONDITION, FAULT_MISDIRECTED,
     "the path is not published there"},
    /* The configuration of the gateway is not complete: an operator has to change it. */
    {"APIGW", 106, 106, 400, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the backend is not set up"},
    {"APIGW", 103, 107, 0, STATUS_INTERNAL, FAULT_SYSTEM, "a backend or plug-in is not set up"},
    /* One code for many statuses; with any other status, the status alone decides. */
    {"APIGW", 201, 201, 400, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "the request is malformed"},
    {"APIGW", 201, 201, 413, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "the body is above 12 MB"},
    {"APIGW", 201, 201, 414, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "the URI is above 32 KB"},
    {"APIGW", 201, 201, 494, STATUS_FAILED_PRECONDITION, FAULT_HEADER,
     "the header is above 32 KB, or 128 KB in all"},
    {"APIGW", 201, 201, 500, STATUS_INTERNAL, FAULT_SYSTEM, "the gateway failed"},
    {"APIGW", 201, 201, 502, STATUS_UNKNOWN, FAULT_UNKNOWN, "the backend failed"},
    {"APIGW", 201, 201, 504, STATUS_UNKNOWN, FAULT_TIMED_OUT,
     "the backend did not respond in time"},
    {"APIGW", 202, 202, 0, STATUS_UNKNOWN, FAULT_UNKNOWN, "the backend is unavailable"},
    {"APIGW", 203, 203, 0, STATUS_UNKNOWN, FAULT_TIMED_OUT, "the backend did not respond in time"},
    /* The configuration of the sidecar and not the request. */
    {"APIGW", 204, 205, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "TLS version or client certificate"},
    {"APIGW", 301, 301, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL, "the IAM credential is wrong"},
    {"APIGW", 303, 303, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL, "the app credential is wrong"},
    {"APIGW", 305, 305, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL, "the credential is wrong"},
    {"APIGW", 307, 307, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL,
     "the token is expired, or of another region"},
    {"APIGW", 311, 311, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL, "the debug credential is wrong"},
    {"APIGW", 302, 302, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "the user is not authorised"},
    {"APIGW", 304, 304, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "the app is not authorised"},
    {"APIGW", 306, 306, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "access is denied"},
    {"APIGW", 310, 310, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "the project is unavailable"},
    {"APIGW", 308, 308, 0, STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED, "throttled"},
    /* Addresses and regions without access. */
    {"APIGW", 401, 402, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "the address is not let in"},
    {"APIGW", 404, 405, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "the region is not let in"},
    {"APIGW", 802, 802, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED,
     "the IAM user is of another region"},
    {"APIGW", 602, 602, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "bad request"},
    {"APIGW", 607, 607, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "the protocol is not allowed"},
    {"APIGW", 610, 610, 0, STATUS_UNKNOWN, FAULT_UNKNOWN, "bad gateway"},
    {"APIGW", 613, 613, 0, STATUS_UNAVAILABLE, FAULT_PASSING, "IAM is unavailable"},
    {"APIGW", 601, 601, 0, STATUS_INTERNAL, FAULT_SYSTEM, "internal error"},
    {"APIGW", 605, 606, 0, STATUS_INTERNAL, FAULT_SYSTEM, "internal error"},
    {"APIGW", 608, 612, 0, STATUS_INTERNAL, FAULT_SYSTEM, "internal error"},
};

/* The facts of a response that bear on its HTTP status, and their text in docs/statuses.md. */
enum condition { ALWAYS, IF_SHED, IF_HEADER_PAGE };

static const char *const condition_text[] = {
    [ALWAYS] = "",
    [IF_SHED] = " with `Retry-After`, `x-envoy-overloaded` or `x-envoy-ratelimited`",
    [IF_HEADER_PAGE] = " with nginx' page \"" FAULT_HEADER_PAGE "\"",
};

/* HTTP statuses, for responses without a vendor code that decides (RFC 9110 section 15, RFC 6585;
 * 494 and 499 are those of nginx). The first row that fits decides. */
static const struct http_row {
    unsigned first, last;
    enum condition condition;
    enum status_code code;
    enum fault_effect effect;
} http_rows[] = {
    /* It is also the response to a POST that was processed. */
    {303, 303, ALWAYS, STATUS_UNKNOWN, FAULT_SEE_OTHER},
    /* A redirect is not followed, because the credential is for one endpoint. */
    {300, 399, ALWAYS, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    /* The token can be larger than the server accepts; the caller wrote nothing in the header. */
    {400, 400, IF_HEADER_PAGE, STATUS_FAILED_PRECONDITION, FAULT_HEADER},
    {400, 400, ALWAYS, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    /* The credential is that of the sidecar, so that the caller cannot change it. */
    {401, 401, ALWAYS, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {403, 403, ALWAYS, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    /* A resource in the path, such as the instance, does not exist, or no longer. */
    {404, 404, ALWAYS, STATUS_NOT_FOUND, FAULT_REFUSED},
    {410, 410, ALWAYS, STATUS_NOT_FOUND, FAULT_REFUSED},
    /* The endpoint exists and does not support the method. */
    {405, 405, ALWAYS, STATUS_UNIMPLEMENTED, FAULT_REFUSED},
    /* RFC 9110 section 15.5.9: the request was not received whole. */
    {408, 408, ALWAYS, STATUS_UNAVAILABLE, FAULT_PASSING},
    /* A conflict with another operation: the caller may start the whole operation again. */
    {409, 409, ALWAYS, STATUS_ABORTED, FAULT_BUSY},
    /* The request is too large: the caller has to change it. */
    {413, 414, ALWAYS, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    /* The sidecar chose the media type. */
    {415, 415, ALWAYS, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    {421, 421, ALWAYS, STATUS_FAILED_PRECONDITION, FAULT_MISDIRECTED},
    {422, 422, ALWAYS, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {429, 429, ALWAYS, STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED},
    {431, 431, ALWAYS, STATUS_FAILED_PRECONDITION, FAULT_HEADER},
    {494, 494, ALWAYS, STATUS_FAILED_PRECONDITION, FAULT_HEADER},
    /* A server on the path stopped, because it saw a closed connection: a server behind it may have
       the request. */
    {499, 499, ALWAYS, STATUS_UNKNOWN, FAULT_TIMED_OUT},
    /* 402, 412, 423, 428, 451 and codes that HTTP does not define: the request is well-formed, and
       something else has to change before a retry. */
    {400, 499, ALWAYS, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    /* RFC 9110 section 15.6.2: the server does not know how to process it. */
    {501, 501, ALWAYS, STATUS_UNIMPLEMENTED, FAULT_REFUSED},
    /* Envoy also sends a bare 503 when the connection behind it broke after the whole request was
       sent, so that only an explicit statement of the server proves that the request was not
       processed. */
    {503, 503, IF_SHED, STATUS_UNAVAILABLE, FAULT_PASSING},
    {503, 503, ALWAYS, STATUS_UNKNOWN, FAULT_UNKNOWN},
    {504, 504, ALWAYS, STATUS_UNKNOWN, FAULT_TIMED_OUT},
    {0, 999, ALWAYS, STATUS_UNKNOWN, FAULT_UNKNOWN},
};

/* Splits "APIG.3201" into "APIG" and 3201, and APIG.0308 of the front gateway into "APIGW" and 308.
 */
static bool split_code(struct text code, struct text *prefix, unsigned *number)
{
    uint64_t digits;
    if (!text_take_until(&code, '.', prefix) || !text_to_u64(code, &digits) || digits > 9999)
        return false;
    *number = (unsigned)digits;
    if (digits < 1000 && text_equal_nocase(*prefix, text_literal("APIG")))
        *prefix = text_literal("APIGW");
    return true;
}

bool fault_decide_by_code(struct text vendor_code, unsigned http_status,
                          struct fault_decision *decision)
{
    struct text prefix;
    unsigned number;
    if (!split_code(vendor_code, &prefix, &number))
        return false;
    for (size_t i = 0; i < array_length(vendor_rows); i++) {
        const struct vendor_row *row = &vendor_rows[i];
        if (number < row->first || number > row->last ||
            !text_equal_nocase(prefix, text_of(row->prefix)) ||
            (row->http_status != 0 && row->http_status != http_status))
            continue;
        *decision = (struct fault_decision){row->code, row->effect};
        return true;
    }
    return false;
}

static bool holds(enum condition condition, const struct fault_body *body)
{
    const bool facts[] = {
        [ALWAYS] = true,
        [IF_SHED] = body->shed,
        [IF_HEADER_PAGE] = body->is_header_page,
    };
    return facts[condition];
}

struct fault_decision fault_decide_by_status(unsigned http_status, const struct fault_body *body)
{
    const struct http_row *row = http_rows;
    while (http_status < row->first || http_status > row->last || !holds(row->condition, body))
        row++;
    return (struct fault_decision){row->code, row->effect};
}

static void write_range(struct buffer *out, const char *prefix, unsigned first, unsigned last,
                        int digits)
{
    char text[32];
    int bytes = first == last ? snprintf(text, sizeof text, "%s%0*u", prefix, digits, first)
                              : snprintf(text, sizeof text, "%s%0*u–%0*u", prefix, digits, first,
                                         digits, last);
    buffer_add(out, text, (size_t)bytes);
}

void fault_write_retry(struct buffer *out, int64_t retry_ms)
{
    if (retry_ms == DETAILS_NEVER_RETRY)
        buffer_add_literal(out, "never");
    if (retry_ms > 0) {
        buffer_add_u64(out, (uint64_t)retry_ms);
        buffer_add_literal(out, " ms");
    }
}

static void write_decision(struct buffer *out, enum status_code code, enum fault_effect effect)
{
    buffer_add_literal(out, " | `");
    buffer_add_text(out, text_of(status_code_name(code)));
    buffer_add_literal(out, "` | ");
    buffer_add_text(out, text_of(fault_effect_text(effect)));
    buffer_add_literal(out, " | ");
    buffer_add_text(out, text_of(fault_effect_retried_by(effect)));
    buffer_add_literal(out, " | ");
    fault_write_retry(out, fault_decision_retry_ms((struct fault_decision){code, effect}));
    buffer_add_literal(out, " |\n");
}

static void write_vendor_row(struct buffer *out, const struct vendor_row *row)
{
    char prefix[16];
    snprintf(prefix, sizeof prefix, "%s.", row->prefix);
    buffer_add_literal(out, "| ");
    write_range(out, prefix, row->first, row->last, 4);
    buffer_add_literal(out, " | ");
    if (row->http_status)
        buffer_add_u64(out, row->http_status);
    else
        buffer_add_literal(out, "any");
    buffer_add_literal(out, " | ");
    buffer_add_text(out, text_of(row->meaning));
    write_decision(out, row->code, row->effect);
}

static void write_http_row(struct buffer *out, const struct http_row *row)
{
    buffer_add_literal(out, "| ");
    if (row->first == 0)
        buffer_add_literal(out, "any other");
    else
        write_range(out, "", row->first, row->last, 3);
    buffer_add_text(out, text_of(condition_text[row->condition]));
    write_decision(out, row->code, row->effect);
}

void fault_write_markdown(struct buffer *out)
{
    buffer_add_literal(
        out, "| vendor's code | HTTP status | meaning | gRPC code | what became of "
             "the request | who retries | repeat after |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < array_length(vendor_rows); i++)
        write_vendor_row(out, &vendor_rows[i]);
    buffer_add_literal(out, "\n| HTTP status, without such a code | gRPC code | what became of the "
                            "request | who retries | repeat after |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < array_length(http_rows); i++)
        write_http_row(out, &http_rows[i]);
}
