/* SPDX-License-Identifier: MIT */
#include "rest/fault.h"

#include <stdint.h>
#include <string.h>

#include "rest/json.h"

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

/* Where error bodies keep what we look for. Of several that a body has the one with the highest
 * rank counts: the vendor's own names, then the general ones, then those inside one wrapper object
 * (IAM, Keystone). */
static const struct member {
    const char *name;
    size_t depth;
    int rank;
    enum { MEMBER_CODE, MEMBER_MESSAGE, MEMBER_REQUEST_ID } kind;
} members[] = {
    {"error_code", 1, 4, MEMBER_CODE},       {"code", 1, 3, MEMBER_CODE},
    {"error_code", 2, 2, MEMBER_CODE},       {"code", 2, 1, MEMBER_CODE},
    {"error_msg", 1, 4, MEMBER_MESSAGE},     {"message", 1, 3, MEMBER_MESSAGE},
    {"error_msg", 2, 2, MEMBER_MESSAGE},     {"message", 2, 1, MEMBER_MESSAGE},
    {"request_id", 1, 1, MEMBER_REQUEST_ID},
};

/* As much of the upstream's words as a person reads. */
#define MESSAGE_BYTES 512
#define CODE_BYTES 32
#define REQUEST_ID_BYTES 64
#define HOST_BYTES 255
#define FIELD_BYTES 64

/* Longer waits are told as this one. */
#define LONGEST_WAIT_MS INT64_C(3600000)

struct body_search {
    int rank[3];
    struct text found[3];
};

static bool consider_member(struct text path, struct text value, bool is_string, void *context)
{
    (void)is_string;
    struct body_search *search = context;
    const char *dot = memrchr(path.at, '.', path.bytes);
    const char *name_at = dot ? dot + 1 : path.at;
    struct text name = {name_at, (size_t)(path.at + path.bytes - name_at)};
    size_t depth = dot ? 2 : 1;
    if (memchr(path.at, '[', path.bytes) || (dot && memchr(path.at, '.', (size_t)(dot - path.at))))
        return true;
    for (size_t i = 0; i < array_length(members); i++) {
        const struct member *member = &members[i];
        if (member->depth != depth || value.bytes == 0 ||
            !text_equal(name, text_of(member->name)) || search->rank[member->kind] >= member->rank)
            continue;
        search->rank[member->kind] = member->rank;
        search->found[member->kind] = value;
    }
    return true;
}

static bool holds(struct text text, struct text part)
{
    return part.bytes > 0 && text.bytes >= part.bytes &&
           memmem(text.at, text.bytes, part.at, part.bytes);
}

static bool is_token_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/* Codes and ids travel in logs and metadata: a short word of plain characters, or nothing. */
static struct text plain_word(struct text text, size_t most, struct text secret)
{
    if (text.bytes > most || holds(text, secret))
        return (struct text){NULL, 0};
    for (size_t i = 0; i < text.bytes; i++)
        if (!is_token_character(text.at[i]))
            return (struct text){NULL, 0};
    return text;
}

/* One line of text: control characters become spaces. What is a page and not a message, or repeats
 * the credential, is no message. */
static struct text one_line(struct text text, struct text secret, struct arena *arena)
{
    size_t bytes = text_cut(text, MESSAGE_BYTES);
    bool page = holds(text, text_literal("</"));
    char *copy = !page && !holds(text, secret) && text_is_utf8(text)
                     ? arena_copy(arena, text.at, bytes)
                     : NULL;
    if (!copy)
        return (struct text){NULL, 0};
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7f)
            copy[i] = ' ';
    return (struct text){copy, bytes};
}

/* What follows `mark` in the text, up to a character that `ends` holds; empty when the mark is not
 * there. */
static struct text text_behind(struct text text, const char *mark, const char *ends)
{
    const char *found = text.bytes ? memmem(text.at, text.bytes, mark, strlen(mark)) : NULL;
    if (!found)
        return (struct text){NULL, 0};
    const char *at = found + strlen(mark), *end = at;
    while (end < text.at + text.bytes && !strchr(ends, *end))
        end++;
    return (struct text){at, (size_t)(end - at)};
}

/* "…over ratelimit,limit:200,time:5 minute": the window's length. */
static int64_t window_ms(struct text message)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"second", 1000}, {"minute", 60000}, {"hour", 3600000}, {"day", 86400000}};
    struct text window = text_behind(message, ",time:", ",;.\"");
    const char *space = window.bytes ? memchr(window.at, ' ', window.bytes) : NULL;
    uint64_t count;
    if (!space || !text_to_u64((struct text){window.at, (size_t)(space - window.at)}, &count) ||
        count > 1000)
        return 0;
    for (size_t i = 0; i < array_length(units); i++)
        if (strncmp(space + 1, units[i].unit, strlen(units[i].unit)) == 0)
            return (int64_t)count * units[i].ms;
    return 0;
}

/* Retry-After, RFC 9110 section 10.2.3: seconds, or a date, which is taken relative to the answer's
 * own. */
static int64_t retry_after_ms(const struct http_answer *answer)
{
    struct text value = http_answer_field(answer, text_literal("Retry-After"));
    int64_t then, now;
    uint64_t seconds;
    if (text_to_u64(value, &seconds))
        return seconds < LONGEST_WAIT_MS / 1000 ? (int64_t)seconds * 1000 : LONGEST_WAIT_MS;
    if (!http_date(value, &then) ||
        !http_date(http_answer_field(answer, text_literal("Date")), &now) || then <= now)
        return 0;
    return then - now < LONGEST_WAIT_MS / 1000 ? (then - now) * 1000 : LONGEST_WAIT_MS;
}

static int64_t wait_of(const struct http_answer *answer, const struct fault *fault)
{
    int64_t named = retry_after_ms(answer);
    if (named == 0 && fault->effect == FAULT_THROTTLED)
        named = window_ms(fault->message);
    return named < LONGEST_WAIT_MS ? named : LONGEST_WAIT_MS;
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

void fault_read(const struct http_answer *answer, struct text secret, struct arena *arena,
                struct fault *fault)
{
    struct body_search search = {0};
    struct json_limits limits = {0};
    struct status ignored;
    /* A body that is no JSON, a proxy's page for instance, says nothing that we could pass on. */
    if (!json_walk(answer->body, &limits, arena, consider_member, &search, &ignored))
        search = (struct body_search){0};
    struct text request_id = http_answer_field(answer, text_literal("X-Request-Id"));
    if (request_id.bytes == 0)
        request_id = search.found[MEMBER_REQUEST_ID];
    *fault = (struct fault){
        .vendor_code = plain_word(search.found[MEMBER_CODE], CODE_BYTES, secret),
        .message = one_line(search.found[MEMBER_MESSAGE], secret, arena),
        .request_id = plain_word(request_id, REQUEST_ID_BYTES, secret),
    };
    if (!decide_by_code(fault, answer->status))
        decide_by_status(fault, answer->status);
    fault->field =
        plain_word(text_behind(fault->message, "parameterName:", " .,;"), FIELD_BYTES, secret);
    fault->wait_ms = wait_of(answer, fault);
    if (answer->status / 100 == 3) {
        struct text location = http_answer_field(answer, text_literal("Location"));
        fault->location_host =
            plain_word(text_behind(location, "://", "/?#:@"), HOST_BYTES, secret);
    }
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
