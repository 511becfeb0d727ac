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
#include "random_response.h"
#include "rig.h"

/* Random cases: the full number where the environment sets CI, else a tenth. */
#define CASES_IN_CI 120000
#define CASES_ELSEWHERE 12000

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
        size_t call = (size_t)random_below(array_length(calls));
        int64_t deadline_ns = (int64_t)(1 + random_below(30000)) * CLOCK_NS_PER_MS;
        random_responses(responses);
        rig_recover_lost_creates(rig, random_below(2));
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
