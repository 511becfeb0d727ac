/* SPDX-License-Identifier: MIT */
/* Does the caller get one status within its deadline that is accurate, small, decodable and without
 * a secret, whatever bytes the upstream sends, and whenever? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "http/syntax.h"
#include "rig.h"

#define TOKEN "MIIF-a-token-that-nobody-may-see"

/* Random cases: the full number where the environment sets CI, else a tenth. */
#define CASES_IN_CI 120000
#define CASES_ELSEWHERE 12000

#define LONGEST_RESPONSE 20000
#define MOST_RESPONSES 6

/* One of LARGE_EVERY cases has a response that takes far more memory than it has bytes. */
#define LARGE_EVERY 1500
#define LARGE_BYTES (2U << 20)

/* xorshift64*: the same cases each time. */
static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t draw(uint64_t below)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(2685821657736338717) % below;
}

#define pick(list) list[draw(array_length(list))]

static const char *const status_lines[] = {
    "HTTP/1.1 201 Created",     "HTTP/1.1 200 OK",
    "HTTP/1.1 204 No Content",  "HTTP/1.1 302 Found",
    "HTTP/1.1 303 See Other",   "HTTP/1.1 501 No",
    "HTTP/1.1 400 Bad Request", "HTTP/1.1 401 Unauthorized",
    "HTTP/1.1 403 Forbidden",   "HTTP/1.1 404 Not Found",
    "HTTP/1.1 409 Conflict",    "HTTP/1.1 429 Too Many",
    "HTTP/1.1 500 Error",       "HTTP/1.1 502 Bad Gateway",
    "HTTP/1.1 503 Unavailable", "HTTP/1.1 504 Timeout",
    "HTTP/1.1 100 Continue",    "HTTP/1.1 101 Switching",
    "HTTP/1.0 201 Created",     "HTTP/2 201",
    "HTTP/1.1 999 x",           "SSH-2.0-OpenSSH",
};

static const char *const fields[] = {
    "Content-Type: application/json\r\n",
    "X-Request-Id: 0123456789abcdef0123456789abcdef\r\n",
    "X-Request-Id: " TOKEN "\r\n",
    "Retry-After: 3\r\n",
    "Retry-After: 99999999999\r\n",
    "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
    "Date: Sun, 06 Nov 1994 08:49:30 GMT\r\n",
    "Location: https://elsewhere.example/" TOKEN "\r\n",
    "Retry-After: 0\r\n",
    "x-envoy-overloaded: true\r\n",
    "Content-Encoding: gzip\r\n",
    "Content-Encoding: deflate\r\n",
    "Connection: close\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Content-Length: 5\r\n",
    " folded\r\n",
    "Bad Name: x\r\n",
    "X: \x01\r\n",
    TOKEN ": \x01\r\n",
    TOKEN ": 1\r\n",
};

static const char *const bodies[] = {
    "{\"id\":\"c77f5e81d9cb4424bf704ef2b0ac7600\",\"name\":\"api_group_001\",\"status\":1,\"url_"
    "domains\":[]}",
    "{\"id\":\"\"}",
    "{\"name\":\"without an id\"}",
    "{\"id\":7,\"status\":\"" TOKEN "\"}",
    "{\"error_code\":\"APIG.3201\",\"error_msg\":\"The name exists\"}",
    "{\"error_code\":\"APIG.2011\",\"error_msg\":\"Invalid parameter value,parameterName:name. "
    "Please\"}",
    "{\"error_code\":\"APIGW.0308\",\"error_msg\":\"policy ip over ratelimit,limit:5,time:1 "
    "second\",\"request_id\":\"9f\"}",
    "{\"error_code\":\"APIG.9999\",\"error_msg\":\"" TOKEN "\"}",
    "{\"error_code\":\"" TOKEN "\",\"error_msg\":\"x\",\"request_id\":\"" TOKEN "\"}",
    "{\"error\":{\"code\":401,\"message\":\"The request you have made requires "
    "authentication.\",\"title\":\"x\"}}",
    "{\"error_code\":\"APIG.1002\",\"error_msg\":\"Incorrect token\\u0000\\u0001\\n\xe7\xbb\x84\"}",
    "{\"error_msg\":\"\xff\xfe\"}",
    "{\"error_code\":\"APIG.1005\",\"error_msg\":\"<!DOCTYPE html><h1>no<br>\"}",
    "{\"error_code\":\"APIGW.0101\",\"error_msg\":\"no such API\"}",
    "{\"error_code\":\"APIGW.0201\",\"error_msg\":\"gateway\"}",
    "{\"error_code\":\"APIG.9008\",\"error_msg\":\"too many\"}",
    "{\"error_code\":\"APIC.7701\",\"error_msg\":\"busy\\u2028\\u202e\"}",
    "{\"size\":0,\"total\":0,\"groups\":[]}",
    "{\"size\":1,\"total\":1,\"groups\":[{\"id\":\"7\",\"name\":\"name\",\"register_time\":\"2026-"
    "08-04T09:"
    "05:30Z\"}]}",
    "{\"size\":1,\"total\":1,\"groups\":[{\"id\":\"7\",\"name\":\"name\",\"register_time\":\"2020-"
    "08-04T09:"
    "05:30Z\"}]}",
    "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[[[[[[[[[[]]]]]]]]]]}}}}}}}}",
    "[{\"error_code\":\"APIG.3201\",\"error_msg\":\"The name exists\"}]",
    "{\"errors\":[{\"error_code\":\"apig.2011\",\"error_msg\":\"" TOKEN "\"}]}",
    "{\"error_msg\":\"{\\\"error_code\\\":\\\"APIG.2011\\\",\\\"error_msg\\\":\\\"" TOKEN
    "\\\"}\"}",
    "\xef\xbb\xbf{\"id\":\"7\"}",
    "\x1f\x8b\x08 not gzip",
    "x\x9c not zlib",
    "<html><title>400 Request Header Or Cookie Too Large</title></html>",
    "<html><body><h1>502 Bad Gateway</h1></body></html>",
    "",
    "[]",
    "null",
};

static size_t put(char *out, size_t used, const char *text)
{
    size_t bytes = strlen(text);
    memcpy(out + used, text, bytes);
    return used + bytes;
}

/* A body of one of the kinds above, or one with words that are far too long. */
static size_t make_body(char *out)
{
    if (draw(20) > 0)
        return put(out, 0, pick(bodies));
    size_t used = put(out, 0, "{\"error_code\":\"APIG.2011\",\"error_msg\":\"");
    for (uint64_t words = draw(1500); words > 0; words--)
        used = put(out, used, draw(2) ? "\xe7\xbb\x84%" : "x ");
    return put(out, used, "\"}");
}

static size_t make_response(char *out)
{
    char body[8192], line[64];
    size_t body_bytes = make_body(body), used = put(out, 0, pick(status_lines));
    used = put(out, used, "\r\n");
    for (uint64_t count = draw(4); count > 0; count--)
        used = put(out, used, pick(fields));
    bool chunked = draw(4) == 0;
    snprintf(line, sizeof line,
             chunked ? "Transfer-Encoding: chunked\r\n\r\n%zx\r\n" : "Content-Length: %zu\r\n\r\n",
             body_bytes);
    if (draw(8) > 0)
        used = put(out, used, line);
    memcpy(out + used, body, body_bytes);
    used += body_bytes;
    return chunked ? put(out, used, "\r\n0\r\n\r\n") : used;
}

/* A few bytes changed, cut, doubled; or nothing but noise. */
static size_t disturb(char *out, size_t bytes)
{
    switch (draw(8)) {
    case 0:
        return (size_t)draw(bytes + 1);
    case 1:
        for (uint64_t count = 1 + draw(6); count > 0; count--)
            out[draw(bytes)] = (char)draw(256);
        return bytes;
    case 2: {
        size_t from = (size_t)draw(bytes), length = (size_t)draw(bytes - from + 1);
        memmove(out + bytes, out + from, length);
        return bytes + length;
    }
    case 3:
        bytes = (size_t)draw(200);
        for (size_t i = 0; i < bytes; i++)
            out[i] = (char)draw(256);
        return bytes;
    default:
        return bytes;
    }
}

static struct text repeated(char *out, const char *before, const char *part, const char *behind)
{
    char body[64];
    size_t part_bytes = strlen(part), count = LARGE_BYTES / part_bytes,
           bytes = strlen(before) + count * part_bytes + strlen(behind), used = 0;
    snprintf(body, sizeof body, "Content-Length: %zu\r\n\r\n", bytes);
    used = put(out, used, draw(2) ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 400 Bad Request\r\n");
    used = put(out, used, body);
    used = put(out, used, before);
    for (size_t i = 0; i < count; i++, used += part_bytes)
        memcpy(out + used, part, part_bytes);
    return (struct text){out, put(out, used, behind)};
}

static struct text make_large_response(void)
{
    static char out[LARGE_BYTES + 4096];
    static const struct {
        const char *before, *part, *behind;
    } kinds[] = {
        {"{\"id\":\"1\",\"url_domains\":[{}", ",{\"ssl_infos\":[{},{},{},{}]}", "]}"},
        {"{\"size\":0,\"total\":0,\"groups\":[{}", ",{}", "]}"},
        {"{\"error_code\":\"APIG.3201\",\"error_msg\":\"x\",\"y\":[1", ",\"\\u0041\"", "]}"},
        {"{\"y\":[1", ",\"" TOKEN "\\n\"", "],\"error_code\":\"APIG.3201\"}"},
    };
    size_t kind = (size_t)draw(array_length(kinds));
    return repeated(out, kinds[kind].before, kinds[kind].part, kinds[kind].behind);
}

/* Causes that end an exchange without a response, before or after a byte has left. */
static const struct {
    enum exchange_cause ends;
    bool not_sent;
} ends[] = {
    {EXCHANGE_CAUSE_CONNECT, true},    {EXCHANGE_CAUSE_LOST, true},
    {EXCHANGE_CAUSE_STOPPED, true},    {EXCHANGE_CAUSE_LOST, false},
    {EXCHANGE_CAUSE_CANCELLED, false}, {EXCHANGE_CAUSE_STOPPED, false},
};

static void make_responses(struct rig_response responses[MOST_RESPONSES])
{
    static char bytes[MOST_RESPONSES][LONGEST_RESPONSE * 2];
    for (size_t i = 0; i < MOST_RESPONSES; i++) {
        responses[i] = (struct rig_response){.takes_ns = (int64_t)draw(40) * CLOCK_NS_PER_MS};
        if (draw(30) == 0)
            responses[i].takes_ns = (int64_t)draw(40) * CLOCK_NS_PER_S;
        if (draw(10) == 0) {
            size_t end = (size_t)draw(array_length(ends));
            responses[i].ends = ends[end].ends;
            responses[i].not_sent = ends[end].not_sent;
        }
        responses[i].bytes = (struct text){bytes[i], disturb(bytes[i], make_response(bytes[i]))};
    }
    if (draw(LARGE_EVERY) == 0)
        responses[draw(2)].bytes = make_large_response();
}

static bool holds(struct text text, const char *part)
{
    return text.size > 0 && memmem(text.data, text.size, part, strlen(part));
}

static size_t encoded_bytes(const char *name, struct text value)
{
    bool binary = strlen(name) > 4 && strcmp(name + strlen(name) - 4, "-bin") == 0;
    return strlen(name) + 32 + (binary ? (value.size + 2) / 3 * 4 : value.size);
}

static size_t percent_bytes(struct text message)
{
    size_t bytes = 0;
    for (size_t i = 0; i < message.size; i++)
        bytes += message.data[i] >= ' ' && message.data[i] <= '~' && message.data[i] != '%' ? 1 : 3;
    return bytes;
}

/* Σ(name + encoded value + 32), with gRPC's own two. */
static size_t trailer_bytes(const struct rig_result *result)
{
    size_t bytes = strlen("grpc-status") + 2 + 32 + strlen("grpc-message") + 32 +
                   percent_bytes(result->message);
    for (size_t i = 0; i < result->trailer_count; i++)
        bytes += encoded_bytes(result->trailers[i].name, result->trailers[i].value);
    return bytes;
}

/* A detail of its type, decoded. */
static void *unpack(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type)
{
    char url[64];
    snprintf(url, sizeof url, "type.googleapis.com/%s", type->name);
    if (strcmp(any->type_url, url) != 0)
        return NULL;
    ProtobufCMessage *detail =
        protobuf_c_message_unpack(type, NULL, any->value.len, any->value.data);
    assert_non_null(detail);
    return detail;
}

static void expect_error_info(const struct rig_result *result, const Google__Protobuf__Any *any)
{
    Google__Rpc__ErrorInfo *info = unpack(any, &google__rpc__error_info__descriptor);
    assert_non_null(info);
    assert_true(info->reason[0] != '\0' && info->domain[0] != '\0');
    bool unknown = strcmp(info->reason, "OUTCOME_UNKNOWN") == 0;
    /* After UNKNOWN the caller has to look for the group; so it has to after a deadline or a cancel
     * once the request was sent. */
    assert_true(result->code == STATUS_UNKNOWN
                    ? unknown
                    : !unknown || result->code == STATUS_DEADLINE_EXCEEDED ||
                          result->code == STATUS_CANCELLED);
    if (unknown)
        assert_true(text_equal(rig_trailer(result, "grpc-retry-pushback-ms"), text_literal("-1")));
    google__rpc__error_info__free_unpacked(info, NULL);
}

/* RetryInfo and the pushback for retry policies have the same delay. */
static void expect_same_wait(const struct rig_result *result, const Google__Rpc__RetryInfo *retry)
{
    char wait[DECIMAL_BYTES + 1];
    struct text pushback = rig_trailer(result, "grpc-retry-pushback-ms");
    snprintf(wait, sizeof wait, "%ld",
             (long)(retry->retry_delay->seconds * 1000 + retry->retry_delay->nanos / 1000000));
    assert_true(text_equal(pushback, text_of(wait)));
    assert_in_range(strtol(wait, NULL, 10), 1, 3600000 * 6 / 5);
}

/* One of the details behind ErrorInfo. */
static void expect_detail(const struct rig_result *result, const Google__Protobuf__Any *any)
{
    Google__Rpc__BadRequest *request = unpack(any, &google__rpc__bad_request__descriptor);
    Google__Rpc__RequestInfo *info = unpack(any, &google__rpc__request_info__descriptor);
    Google__Rpc__RetryInfo *retry = unpack(any, &google__rpc__retry_info__descriptor);
    assert_true(request || info || retry);
    if (request)
        assert_true(request->n_field_violations > 0 &&
                    request->field_violations[0]->field[0] != '\0');
    if (info)
        assert_true(info->request_id[0] != '\0');
    if (retry)
        expect_same_wait(result, retry);
    google__rpc__bad_request__free_unpacked(request, NULL);
    google__rpc__request_info__free_unpacked(info, NULL);
    google__rpc__retry_info__free_unpacked(retry, NULL);
}

static void expect_details(const struct rig_result *result)
{
    struct text details = rig_trailer(result, "grpc-status-details-bin");
    Google__Rpc__Status *status =
        google__rpc__status__unpack(NULL, details.size, (const uint8_t *)details.data);
    assert_non_null(status);
    assert_int_equal(status->code, result->code);
    assert_true(text_equal(text_of(status->message), result->message));
    assert_true(status->n_details > 0);
    expect_error_info(result, status->details[0]);
    for (size_t i = 1; i < status->n_details; i++)
        expect_detail(result, status->details[i]);
    google__rpc__status__free_unpacked(status, NULL);
}

static void expect_plain_line(struct text message)
{
    assert_in_range(message.size, 1, 1024);
    assert_true(text_is_utf8(message));
    for (size_t i = 0; i < message.size; i++) {
        char c = message.data[i], next = i + 1 < message.size ? message.data[i + 1] : ' ';
        assert_true((unsigned char)c >= ' ' && c != 0x7f);
        assert_false(c == '<' && (next == '/' || next == '!' || (next | 0x20) == 'h'));
    }
    assert_false(holds(message, "\xe2\x80\xa8") || holds(message, "\xe2\x80\xae"));
}

static bool is_post(struct text request)
{
    return request.size > 4 && memcmp(request.data, "POST", 4) == 0;
}

/* Whether the bytes begin with the status line of a yes: from then on nothing may be created again.
 */
static bool says_yes(struct text response)
{
    unsigned minor, status;
    struct status why;
    const char *end = response.size ? memmem(response.data, response.size, "\r\n", 2) : NULL;
    size_t start = strlen("HTTP/1.");
    return end && end > response.data + start && memcmp(response.data, "HTTP/1.", start) == 0 &&
           http1_read_status_line(
               (struct text){response.data + start, (size_t)(end - response.data) - start}, &minor,
               &status, &why) &&
           status / 100 == 2;
}

static void expect_no_create_after_a_yes(const struct rig_result *result,
                                         const struct rig_response responses[MOST_RESPONSES])
{
    bool created = false;
    for (size_t i = 0; i < result->request_count; i++) {
        const struct rig_response *response =
            &responses[i < MOST_RESPONSES ? i : MOST_RESPONSES - 1];
        bool post = is_post(result->requests[i]);
        assert_false(post && created);
        created |= post && !response->ends && says_yes(response->bytes);
    }
}

static void judge(const struct rig_result *result)
{
    assert_int_equal(result->replies, 1);
    assert_in_range(trailer_bytes(result), 0, 8191);
    assert_false(holds(result->message, TOKEN) || holds(result->log, TOKEN));
    assert_true(holds(result->log, "\"event\":\"call\""));
    for (size_t i = 0; i < result->trailer_count; i++)
        assert_false(holds(result->trailers[i].value, TOKEN));
    if (result->code == STATUS_OK) {
        /* A create's yes has an id: field 1, a string. */
        if (is_post(result->requests[0]))
            assert_true(result->response.size > 2 && result->response.data[0] == 0x0a);
        return;
    }
    expect_plain_line(result->message);
    expect_details(result);
}

/* Names of methods, with what a caller may ask. */
static const struct {
    const char *method;
    struct text message;
} calls[] = {
    {"CreateApiGroup", {"\n\1p\x12\1i\x1a\4name", 12}},
    {"CreateApiGroup", {"\n\1p\x12\1i\x1a\4name", 12}},
    {"CreateApiGroup", {"\n\1p\x12\1i\x1a\4name", 12}},
    {"ListApiGroups", {"\n\1p\x12\1i", 6}},
};

static void any_response_becomes_one_true_status(void **state)
{
    (void)state;
    struct rig *rig = rig_new(TOKEN);
    unsigned seen[17] = {0};
    const unsigned cases = getenv("CI") ? CASES_IN_CI : CASES_ELSEWHERE;
    for (unsigned i = 0; i < cases; i++) {
        struct rig_response responses[MOST_RESPONSES];
        const struct rig_upstream upstream = {
            .responses = responses, .response_count = MOST_RESPONSES, .ends_stream = true};
        size_t call = (size_t)draw(array_length(calls));
        int64_t deadline_ns = (int64_t)(1 + draw(30000)) * CLOCK_NS_PER_MS;
        make_responses(responses);
        rig_recover_lost_creates(rig, draw(2));
        rig_deadline_ns(rig, deadline_ns);
        const struct rig_result *result =
            rig_call(rig, rig_method(rig, text_of(calls[call].method)), calls[call].message, NULL,
                     &upstream);
        judge(result);
        assert_in_range(result->took_ns, 0, deadline_ns);
        expect_no_create_after_a_yes(result, responses);
        seen[result->code]++;
    }
    rig_free(rig);
    /* The cases are worth something only if they reach all kinds of ends. */
    static const enum status_code wanted[] = {
        STATUS_OK,        STATUS_UNKNOWN,           STATUS_INVALID_ARGUMENT,
        STATUS_CANCELLED, STATUS_DEADLINE_EXCEEDED, STATUS_UNAVAILABLE,
        STATUS_ABORTED,   STATUS_ALREADY_EXISTS,    STATUS_RESOURCE_EXHAUSTED,
        STATUS_INTERNAL,  STATUS_PERMISSION_DENIED, STATUS_FAILED_PRECONDITION,
    };
    for (size_t i = 0; i < array_length(wanted); i++)
        assert_in_range(seen[wanted[i]], cases / 1200, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_response_becomes_one_true_status)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
