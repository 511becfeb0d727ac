/* SPDX-License-Identifier: MIT */
#include "rest/fault.h"

#include <stdint.h>
#include <stdio.h>

#include "rest/fault_body.h"

#include "base/banned.h"

/*
 * The vendor's codes, "APIG.3201": prefix and number. Their meanings are those of the published
 * error tables: for APIG. from 1000 and for APIC. the API reference's appendix "Error Codes", for
 * the front gateway, below 1000, the user guide's "Error Codes". The front gateway's numbers mean
 * the same under APIGW. and APIG. (sites differ). The gRPC code follows from what the caller should
 * do next, which the comments say where the meaning does not. Several rows for one number are told
 * apart by the HTTP status; 0 stands for any. The first row that fits decides.
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
    {"APIG", 3201, 3201, 0, STATUS_ALREADY_EXISTS, FAULT_REFUSED, "a group of that name exists"},
    {"APIG", 3309, 3309, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the operation was performed before"},
    {"APIG", 3001, 3001, 0, STATUS_NOT_FOUND, FAULT_REFUSED, "the group does not exist"},
    {"APIG", 3030, 3030, 0, STATUS_NOT_FOUND, FAULT_REFUSED, "the gateway instance does not exist"},
    {"APIC", 7302, 7302, 0, STATUS_NOT_FOUND, FAULT_REFUSED, "the gateway instance does not exist"},
    {"APIG", 3415, 3415, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED, "the group contains APIs"},
    {"APIG", 3458, 3458, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the instance lacks the feature"},
    /* What the instance is busy with ends: the whole operation may be begun anew then. */
    {"APIG", 3718, 3718, 0, STATUS_ABORTED, FAULT_BUSY, "a task is running"},
    {"APIC", 7701, 7701, 0, STATUS_ABORTED, FAULT_BUSY, "the instance is busy"},
    {"APIC", 7712, 7712, 0, STATUS_ABORTED, FAULT_BUSY, "the instance is locked"},
    /* Quotas: waiting does not help, deleting something or a larger quota does. */
    {"APIG", 3100, 3101, 0, STATUS_RESOURCE_EXHAUSTED, FAULT_REFUSED, "a quota is used up"},
    /* The credential: ours, so that the caller can only wait until it is renewed. */
    {"APIG", 1000, 1003, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL,
     "the token is missing, expired, unreadable or without project"},
    {"APIG", 1007, 1009, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL,
     "the token has no domain, an unknown one, or no user"},
    {"APIC", 7100, 7103, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL,
     "the token is missing, expired, unreadable or without project"},
    {"APIC", 7105, 7105, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL, "the token has no account"},
    {"APIC", 7107, 7107, 0, STATUS_UNAVAILABLE, FAULT_CREDENTIAL, "the token has no user"},
    /* The account: an operator has to mend it. */
    {"APIG", 1011, 1013, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED,
     "the account is not verified, in arrears or frozen"},
    /* Rights: whoever owns the account grants them. */
    {"APIG", 1005, 1005, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "no right to the method"},
    {"APIG", 1020, 1020, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "too few rights"},
    {"APIG", 1101, 1101, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "no rights to groups"},
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
    /* And those that may follow the write. */
    {"APIG", 3500, 3500, 0, STATUS_UNKNOWN, FAULT_UNKNOWN, "etcd was not synchronised"},
    {"APIG", 9005, 9007, 0, STATUS_UNKNOWN, FAULT_UNKNOWN,
     "the VPC, DNS or load balancer service failed"},
    {"APIG", 9008, 9008, 0, STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED,
     "too many requests, said with a 500"},
    /* Faults that trying again does not mend. */
    {"APIG", 9999, 9999, 0, STATUS_INTERNAL, FAULT_REFUSED, "system error"},
    {"APIC", 9000, 9000, 0, STATUS_INTERNAL, FAULT_REFUSED, "internal error"},
    {"APIC", 9100, 9100, 0, STATUS_INTERNAL, FAULT_REFUSED, "internal error"},
    {"APIC", 9999, 9999, 0, STATUS_INTERNAL, FAULT_REFUSED, "system error"},

    /* The front gateway. 0101 is about the place and not about an instance, so it is no NOT_FOUND.
     */
    {"APIGW", 101, 101, 0, STATUS_FAILED_PRECONDITION, FAULT_MISDIRECTED,
     "the path is not published there"},
    /* The gateway's own set-up lacks something, which an operator has to mend. */
    {"APIGW", 106, 106, 0, STATUS_FAILED_PRECONDITION, FAULT_REFUSED, "the backend is not set up"},
    {"APIGW", 103, 107, 0, STATUS_INTERNAL, FAULT_REFUSED, "a backend or plug-in is not set up"},
    /* One code, many statuses; with any other the status alone decides. */
    {"APIGW", 201, 201, 400, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "the request is malformed"},
    {"APIGW", 201, 201, 413, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "the body is above 12 MB"},
    {"APIGW", 201, 201, 414, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "the URI is above 32 KB"},
    {"APIGW", 201, 201, 494, STATUS_INVALID_ARGUMENT, FAULT_REFUSED,
     "the header is above 32 KB, or 128 KB in all"},
    {"APIGW", 201, 201, 500, STATUS_INTERNAL, FAULT_REFUSED, "the gateway failed"},
    {"APIGW", 201, 201, 502, STATUS_UNKNOWN, FAULT_UNKNOWN, "the backend failed"},
    {"APIGW", 201, 201, 504, STATUS_UNKNOWN, FAULT_TIMED_OUT, "the backend did not answer in time"},
    {"APIGW", 202, 202, 0, STATUS_UNKNOWN, FAULT_UNKNOWN, "the backend is unavailable"},
    {"APIGW", 203, 203, 0, STATUS_UNKNOWN, FAULT_TIMED_OUT, "the backend did not answer in time"},
    /* Our set-up, not the request. */
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
    /* Addresses and regions that are not let in. */
    {"APIGW", 401, 402, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "the address is not let in"},
    {"APIGW", 404, 405, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED, "the region is not let in"},
    {"APIGW", 802, 802, 0, STATUS_PERMISSION_DENIED, FAULT_REFUSED,
     "the IAM user is of another region"},
    {"APIGW", 602, 602, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "bad request"},
    {"APIGW", 607, 607, 0, STATUS_INVALID_ARGUMENT, FAULT_REFUSED, "the protocol is not allowed"},
    {"APIGW", 610, 610, 0, STATUS_UNKNOWN, FAULT_UNKNOWN, "bad gateway"},
    {"APIGW", 613, 613, 0, STATUS_UNAVAILABLE, FAULT_PASSING, "IAM is unavailable"},
    {"APIGW", 601, 601, 0, STATUS_INTERNAL, FAULT_REFUSED, "internal error"},
    {"APIGW", 605, 606, 0, STATUS_INTERNAL, FAULT_REFUSED, "internal error"},
    {"APIGW", 608, 612, 0, STATUS_INTERNAL, FAULT_REFUSED, "internal error"},
};

/* HTTP statuses when no vendor code decides (RFC 9110 section 15, RFC 6585; 494 is nginx's); the
 * first row that holds the status. */
static const struct http_row {
    unsigned first, last;
    enum status_code code;
    enum fault_effect effect;
} http_rows[] = {
    /* Never followed: the credential is for one place. */
    {300, 399, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    {400, 400, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    /* The caller sent no credential, so it has none to mend. */
    {401, 401, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
    {403, 403, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
    /* What the path names, the instance for one, is not there, or no longer. */
    {404, 404, STATUS_NOT_FOUND, FAULT_REFUSED},
    {410, 410, STATUS_NOT_FOUND, FAULT_REFUSED},
    /* The place is there and does not know the method: ask for something else. */
    {405, 405, STATUS_UNIMPLEMENTED, FAULT_REFUSED},
    /* The server waited for a request that did not come. */
    {408, 408, STATUS_UNAVAILABLE, FAULT_PASSING},
    /* A conflict with what goes on there: begin the whole operation anew. */
    {409, 409, STATUS_ABORTED, FAULT_BUSY},
    /* Too large, or of a kind that is not taken: mend the request. */
    {413, 415, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {421, 421, STATUS_FAILED_PRECONDITION, FAULT_MISDIRECTED},
    {422, 422, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {429, 429, STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED},
    {431, 431, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    {494, 494, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
    /* 402, 412, 423, 428, 451 and what is no name of HTTP's: the request is well formed, and
       something else has to change before it is repeated. */
    {400, 499, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
    {503, 503, STATUS_UNAVAILABLE, FAULT_PASSING},
    {504, 504, STATUS_UNKNOWN, FAULT_TIMED_OUT},
    {0, 999, STATUS_UNKNOWN, FAULT_UNKNOWN},
};

/* What an effect means, and what the caller's retry policy is told of it. */
static const struct {
    int64_t retry_ms;
    const char *words;
} effects[] = {
    [FAULT_REFUSED] = {0, "not processed; the same request will be refused again"},
    [FAULT_MISDIRECTED] = {0, "not processed: endpoint, region or project id is wrong"},
    [FAULT_CREDENTIAL] = {DETAILS_LATER_MS,
                          "not processed: our credential was refused; tried again with a new one"},
    [FAULT_PASSING] = {DETAILS_SOON_MS, "not processed; tried again here, and may be later"},
    [FAULT_BUSY] = {DETAILS_LATER_MS, "not processed: busy; may be tried later as a whole"},
    [FAULT_THROTTLED] = {DETAILS_LATER_MS,
                         "not processed: too many requests; tried again if there is time"},
    [FAULT_UNKNOWN] = {DETAILS_NEVER_RETRY,
                       "perhaps processed (OUTCOME_UNKNOWN); look before you repeat it"},
    [FAULT_TIMED_OUT] = {DETAILS_NEVER_RETRY, "perhaps processed, now or later (OUTCOME_UNKNOWN); "
                                              "look before you repeat it"},
};

/* Some refusals must not even be tried again by a retry policy that would: the quota is used up,
 * the name is taken, the fault stays. */
static int64_t retry_of(enum status_code code, enum fault_effect effect)
{
    bool stays =
        effect == FAULT_REFUSED && (code == STATUS_RESOURCE_EXHAUSTED ||
                                    code == STATUS_ALREADY_EXISTS || code == STATUS_INTERNAL);
    return stays ? DETAILS_NEVER_RETRY : effects[effect].retry_ms;
}

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

static void decide_retry(struct fault *fault)
{
    fault->retry_ms = retry_of(fault->code, fault->effect);
    if (fault->retry_ms > 0 && fault->wait_ms > 0)
        fault->retry_ms = fault->wait_ms;
}

void fault_read(const struct http_answer *answer, struct text secret, struct arena *scratch,
                struct arena *arena, struct fault *fault)
{
    struct fault_body body;
    fault_body_read(answer, secret, scratch, arena, &body);
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
    decide_retry(fault);
}

void fault_of_safe_request(struct fault *fault)
{
    if (!fault_is_unknown(fault))
        return;
    fault->code = STATUS_UNAVAILABLE;
    fault->effect = FAULT_PASSING;
    decide_retry(fault);
}

bool fault_is_unknown(const struct fault *fault)
{
    return fault->effect == FAULT_UNKNOWN || fault->effect == FAULT_TIMED_OUT;
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
    buffer_add_text(out, text_of(effects[effect].words));
    buffer_add_literal(out, " | ");
    fault_write_retry(out, retry_of(code, effect));
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
    write_decision(out, row->code, row->effect);
}

void fault_write_markdown(struct buffer *out)
{
    buffer_add_literal(out, "| vendor's code | HTTP status | meaning | gRPC code | what became of "
                            "the request | repeat after |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < array_length(vendor_rows); i++)
        write_vendor_row(out, &vendor_rows[i]);
    buffer_add_literal(out, "\n| HTTP status, without such a code | gRPC code | what became of the "
                            "request | repeat after |\n|---|---|---|---|\n");
    for (size_t i = 0; i < array_length(http_rows); i++)
        write_http_row(out, &http_rows[i]);
}
