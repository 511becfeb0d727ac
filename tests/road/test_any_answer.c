/* SPDX-License-Identifier: MIT */
/* Whatever bytes the upstream answers: does the caller get one status that is true, small,
 * decodable and without a secret? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "rig.h"

#define TOKEN "MIIF-a-token-that-nobody-may-see"
#define CASES 120000
#define LONGEST_ANSWER 20000

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
    "HTTP/1.1 201 Created",     "HTTP/1.1 200 OK",          "HTTP/1.1 204 No Content",
    "HTTP/1.1 302 Found",       "HTTP/1.1 400 Bad Request", "HTTP/1.1 401 Unauthorized",
    "HTTP/1.1 403 Forbidden",   "HTTP/1.1 404 Not Found",   "HTTP/1.1 409 Conflict",
    "HTTP/1.1 429 Too Many",    "HTTP/1.1 500 Error",       "HTTP/1.1 502 Bad Gateway",
    "HTTP/1.1 503 Unavailable", "HTTP/1.1 504 Timeout",     "HTTP/1.1 100 Continue",
    "HTTP/1.1 101 Switching",   "HTTP/1.0 201 Created",     "HTTP/2 201",
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
    "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[[[[[[[[[[]]]]]]]]]]}}}}}}}}",
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

static size_t make_answer(char *out)
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

static bool holds(struct text text, const char *secret)
{
    return text.bytes > 0 && memmem(text.at, text.bytes, secret, strlen(secret));
}

static size_t encoded_bytes(const char *name, struct text value)
{
    bool binary = strlen(name) > 4 && strcmp(name + strlen(name) - 4, "-bin") == 0;
    return strlen(name) + 32 + (binary ? (value.bytes + 2) / 3 * 4 : value.bytes);
}

static size_t percent_bytes(struct text message)
{
    size_t bytes = 0;
    for (size_t i = 0; i < message.bytes; i++)
        bytes += message.at[i] >= ' ' && message.at[i] <= '~' && message.at[i] != '%' ? 1 : 3;
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

static void expect_error_info(const struct rig_result *result)
{
    struct text details = rig_trailer(result, "grpc-status-details-bin");
    Google__Rpc__Status *status =
        google__rpc__status__unpack(NULL, details.bytes, (const uint8_t *)details.at);
    assert_non_null(status);
    assert_int_equal(status->code, result->code);
    assert_true(status->n_details > 0);
    assert_string_equal(status->details[0]->type_url, "type.googleapis.com/google.rpc.ErrorInfo");
    Google__Rpc__ErrorInfo *info = google__rpc__error_info__unpack(
        NULL, status->details[0]->value.len, status->details[0]->value.data);
    assert_non_null(info);
    assert_true(info->reason[0] != '\0' && info->domain[0] != '\0');
    bool unknown = strcmp(info->reason, "OUTCOME_UNKNOWN") == 0;
    assert_int_equal(unknown, result->code == STATUS_UNKNOWN);
    if (unknown)
        assert_true(text_equal(rig_trailer(result, "grpc-retry-pushback-ms"), text_literal("-1")));
    google__rpc__error_info__free_unpacked(info, NULL);
    google__rpc__status__free_unpacked(status, NULL);
}

static void judge(const struct rig_result *result, struct text answer)
{
    assert_int_equal(result->replies, 1);
    assert_true(text_is_utf8(result->message));
    assert_in_range(trailer_bytes(result), 0, 8191);
    assert_false(holds(result->message, TOKEN));
    for (size_t i = 0; i < result->trailer_count; i++)
        assert_false(holds(result->trailers[i].value, TOKEN));
    if (result->code != STATUS_OK) {
        expect_error_info(result);
        return;
    }
    /* A yes needs a 2xx and an id: field 1, a string. */
    assert_true(result->answer.bytes > 2 && result->answer.at[0] == 0x0a);
    assert_true(holds(answer, "HTTP/1."));
}

static void any_answer_becomes_one_true_status(void **state)
{
    (void)state;
    static char bytes[LONGEST_ANSWER * 2];
    struct rig *rig = rig_new(TOKEN);
    const struct schema_method *method = rig_method(rig, text_literal("CreateApiGroup"));
    unsigned seen[17] = {0};
    for (unsigned i = 0; i < CASES; i++) {
        struct text answer = {bytes, disturb(bytes, make_answer(bytes))};
        const struct rig_upstream upstream = {
            .answers = &answer, .answer_count = 1, .ends_stream = true};
        const struct rig_result *result =
            rig_call(rig, method, text_literal("\n\1p\x12\1i\x1a\4name"), NULL, &upstream);
        judge(result, answer);
        seen[result->code]++;
    }
    rig_free(rig);
    /* The cases are worth something only if they reach all kinds of ends. */
    static const enum status_code wanted[] = {STATUS_OK,
                                              STATUS_UNKNOWN,
                                              STATUS_INVALID_ARGUMENT,
                                              STATUS_UNAVAILABLE,
                                              STATUS_ALREADY_EXISTS,
                                              STATUS_RESOURCE_EXHAUSTED,
                                              STATUS_INTERNAL,
                                              STATUS_FAILED_PRECONDITION};
    for (size_t i = 0; i < array_length(wanted); i++)
        assert_true(seen[wanted[i]] > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_answer_becomes_one_true_status)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
