/* SPDX-License-Identifier: MIT */
/* Do a response's code and HTTP status give the right gRPC status, effect and delay? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fault_reading.h"

static void expect(unsigned status, const char *code, enum status_code grpc,
                   enum fault_effect effect)
{
    struct arena arena;
    char body[256];
    snprintf(body, sizeof body, "{\"error_code\":\"%s\",\"error_msg\":\"m\"}", code);
    struct fault fault = read_fault(&arena, status, code[0] ? body : "", NULL, 0);
    if (fault.code != grpc || fault.effect != effect)
        fail_msg("%u %s: %s, effect %d", status, code, status_code_name(fault.code), fault.effect);
    arena_clear(&arena);
}

static void the_vendors_code_decides_first(void **state)
{
    (void)state;
    expect(400, "APIG.3201", STATUS_ALREADY_EXISTS, FAULT_REFUSED);
    expect(500, "APIG.3201", STATUS_ALREADY_EXISTS, FAULT_REFUSED);
    expect(400, "APIG.2011", STATUS_INVALID_ARGUMENT, FAULT_REFUSED);
    expect(400, "APIG.1119", STATUS_PERMISSION_DENIED, FAULT_REFUSED);
    expect(401, "APIG.1005", STATUS_PERMISSION_DENIED, FAULT_REFUSED);
    expect(401, "APIG.1002", STATUS_UNAVAILABLE, FAULT_CREDENTIAL);
    expect(401, "APIG.1010", STATUS_UNAVAILABLE, FAULT_PASSING);
    expect(401, "APIG.1012", STATUS_FAILED_PRECONDITION, FAULT_REFUSED);
    expect(401, "APIC.7105", STATUS_UNAVAILABLE, FAULT_CREDENTIAL);
    expect(403, "APIG.3101", STATUS_RESOURCE_EXHAUSTED, FAULT_REFUSED);
    expect(404, "APIG.3030", STATUS_NOT_FOUND, FAULT_REFUSED);
    expect(409, "APIC.7701", STATUS_ABORTED, FAULT_BUSY);
    expect(500, "APIG.3500", STATUS_UNKNOWN, FAULT_UNKNOWN);
    expect(500, "APIG.9006", STATUS_UNKNOWN, FAULT_UNKNOWN);
    expect(500, "APIG.9013", STATUS_UNAVAILABLE, FAULT_PASSING);
    expect(500, "APIG.9008", STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED);
    expect(500, "APIG.9999", STATUS_INTERNAL, FAULT_SYSTEM);
}

static void the_front_gateways_numbers_mean_the_same_under_both_prefixes(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"APIGW", "APIG", "apigw", "Apig"};
    static const struct {
        unsigned number, status;
        enum status_code code;
        enum fault_effect effect;
    } rows[] = {
        {101, 404, STATUS_FAILED_PRECONDITION, FAULT_MISDIRECTED},
        {201, 413, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
        {201, 494, STATUS_FAILED_PRECONDITION, FAULT_HEADER},
        {201, 500, STATUS_INTERNAL, FAULT_SYSTEM},
        {201, 502, STATUS_UNKNOWN, FAULT_UNKNOWN},
        {201, 504, STATUS_UNKNOWN, FAULT_TIMED_OUT},
        {201, 503, STATUS_UNKNOWN, FAULT_UNKNOWN},
        {201, 501, STATUS_UNIMPLEMENTED, FAULT_REFUSED},
        {203, 504, STATUS_UNKNOWN, FAULT_TIMED_OUT},
        {301, 401, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
        {307, 401, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
        {308, 429, STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED},
        {613, 503, STATUS_UNAVAILABLE, FAULT_PASSING},
        {610, 502, STATUS_UNKNOWN, FAULT_UNKNOWN},
        {611, 500, STATUS_INTERNAL, FAULT_SYSTEM},
        {802, 403, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
        {106, 400, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
        {106, 500, STATUS_INTERNAL, FAULT_SYSTEM},
    };
    for (size_t prefix = 0; prefix < array_length(prefixes); prefix++)
        for (size_t i = 0; i < array_length(rows); i++) {
            char code[16];
            snprintf(code, sizeof code, "%s.%04u", prefixes[prefix], rows[i].number);
            expect(rows[i].status, code, rows[i].code, rows[i].effect);
        }
}

static void without_a_known_code_the_http_status_decides(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        enum status_code code;
        enum fault_effect effect;
    } rows[] = {
        {302, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
        {303, STATUS_UNKNOWN, FAULT_SEE_OTHER},
        {400, STATUS_INVALID_ARGUMENT, FAULT_REFUSED},
        {401, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
        {403, STATUS_PERMISSION_DENIED, FAULT_REFUSED},
        {404, STATUS_NOT_FOUND, FAULT_REFUSED},
        {408, STATUS_UNAVAILABLE, FAULT_PASSING},
        {409, STATUS_ABORTED, FAULT_BUSY},
        {415, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
        {418, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
        {429, STATUS_RESOURCE_EXHAUSTED, FAULT_THROTTLED},
        {431, STATUS_FAILED_PRECONDITION, FAULT_HEADER},
        {494, STATUS_FAILED_PRECONDITION, FAULT_HEADER},
        {499, STATUS_UNKNOWN, FAULT_TIMED_OUT},
        {500, STATUS_UNKNOWN, FAULT_UNKNOWN},
        {501, STATUS_UNIMPLEMENTED, FAULT_REFUSED},
        {502, STATUS_UNKNOWN, FAULT_UNKNOWN},
        {503, STATUS_UNKNOWN, FAULT_UNKNOWN},
        {504, STATUS_UNKNOWN, FAULT_TIMED_OUT},
        {599, STATUS_UNKNOWN, FAULT_UNKNOWN},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        expect(rows[i].status, "", rows[i].code, rows[i].effect);
        expect(rows[i].status, "APIG.7777", rows[i].code, rows[i].effect);
        expect(rows[i].status, "nonsense", rows[i].code, rows[i].effect);
    }
}

static void a_503_was_not_processed_when_the_server_says_so(void **state)
{
    (void)state;
    static const struct {
        struct http_field field;
        enum status_code code;
        int64_t retry_ms;
    } rows[] = {
        {{.name = {"Retry-After", 11}, .value = {"3", 1}}, STATUS_UNAVAILABLE, 3000},
        {{.name = {"retry-after", 11}, .value = {"0", 1}}, STATUS_UNAVAILABLE, DETAILS_SOON_MS},
        {{.name = {"Retry-After", 11}, .value = {"Sun, 06 Nov 1994 08:50:37 GMT", 29}},
         STATUS_UNAVAILABLE,
         DETAILS_SOON_MS},
        {{.name = {"x-envoy-overloaded", 18}, .value = {"true", 4}},
         STATUS_UNAVAILABLE,
         DETAILS_SOON_MS},
        {{.name = {"X-Envoy-RateLimited", 19}, .value = {"true", 4}},
         STATUS_UNAVAILABLE,
         DETAILS_SOON_MS},
        {{.name = {"Retry-After", 11}, .value = {"soon", 4}}, STATUS_UNKNOWN, DETAILS_NEVER_RETRY},
        {{.name = {"Retry-After", 11}, .value = {"", 0}}, STATUS_UNKNOWN, DETAILS_NEVER_RETRY},
        {{.name = {"server", 6}, .value = {"envoy", 5}}, STATUS_UNKNOWN, DETAILS_NEVER_RETRY},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        struct fault fault = read_fault(&arena, 503, "", &rows[i].field, 1);
        assert_int_equal(fault.code, rows[i].code);
        assert_int_equal(fault.caller_retry_ms, rows[i].retry_ms);
        arena_clear(&arena);
        /* Of any other failure that nobody knows the outcome of, a wait says nothing. */
        assert_int_equal(read_fault(&arena, 502, "", &rows[i].field, 1).code, STATUS_UNKNOWN);
        arena_clear(&arena);
    }
}

static void a_header_that_is_too_large_is_not_the_callers(void **state)
{
    (void)state;
    struct arena arena;
    struct status status;
    struct http_response response = {.status = 400};
    struct fault fault =
        read_fault(&arena, 400, "<center>Request Header Or Cookie Too Large</center>", NULL, 0);
    assert_int_equal(fault.effect, FAULT_HEADER);
    assert_false(fault_status(&fault, &response, &status));
    assert_int_equal(status.code, STATUS_FAILED_PRECONDITION);
    assert_string_equal(status.message, "the upstream gave no reason (HTTP 400); the sidecar "
                                        "writes the header, most of which is its credential");
    arena_clear(&arena);
    expect(400, "", STATUS_INVALID_ARGUMENT, FAULT_REFUSED);
}

static void a_request_that_only_reads_may_be_repeated(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        enum status_code code;
        enum fault_effect effect;
    } rows[] = {
        {500, STATUS_UNAVAILABLE, FAULT_PASSING},
        {504, STATUS_UNAVAILABLE, FAULT_PASSING},
        {503, STATUS_UNAVAILABLE, FAULT_PASSING},
        {404, STATUS_NOT_FOUND, FAULT_REFUSED},
        {401, STATUS_UNAVAILABLE, FAULT_CREDENTIAL},
        {303, STATUS_FAILED_PRECONDITION, FAULT_REFUSED},
        {499, STATUS_UNAVAILABLE, FAULT_PASSING},
        {501, STATUS_UNIMPLEMENTED, FAULT_REFUSED},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        struct fault fault = read_fault(&arena, rows[i].status, "", NULL, 0);
        fault_of_safe_request(&fault);
        assert_int_equal(fault.code, rows[i].code);
        assert_int_equal(fault.effect, rows[i].effect);
        assert_false(fault_is_unknown(&fault));
        assert_true(fault.caller_retry_ms >= 0);
        arena_clear(&arena);
    }
}

static void the_delay_for_the_caller_follows_from_the_effect(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *body;
        bool later;
        int64_t retry_ms;
    } rows[] = {
        {400, "{\"error_code\":\"APIG.2011\"}", false, 0},
        {403, "{\"error_code\":\"APIG.3101\"}", false, DETAILS_NEVER_RETRY},
        {400, "{\"error_code\":\"APIG.3201\"}", false, DETAILS_NEVER_RETRY},
        {500, "{\"error_code\":\"APIG.9999\"}", false, DETAILS_NEVER_RETRY},
        {500, "", false, DETAILS_NEVER_RETRY},
        {504, "", false, DETAILS_NEVER_RETRY},
        {503, "", false, DETAILS_NEVER_RETRY},
        {303, "", false, DETAILS_NEVER_RETRY},
        {409, "{\"error_code\":\"APIC.7701\"}", true, 0},
        {401, "", true, 0},
        {503, "{\"error_code\":\"APIGW.0613\"}", true, 0},
        {429, "", true, 0},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        struct fault fault = read_fault(&arena, rows[i].status, rows[i].body, NULL, 0);
        if (rows[i].later)
            assert_true(fault.caller_retry_ms > 0);
        else
            assert_int_equal(fault.caller_retry_ms, rows[i].retry_ms);
        arena_clear(&arena);
    }
}

static void the_wait_comes_from_the_header_or_the_throttling_text(void **state)
{
    (void)state;
    static const char throttled[] =
        "{\"error_code\":\"APIGW.0308\",\"error_msg\":\"The throttling threshold has been "
        "reached: policy user over ratelimit,limit:200,time:5 minute\"}";
    static const struct http_field
        seconds[] = {{.name = {"Retry-After", 11}, .value = {"7", 1}}},
        date[] = {{.name = {"Retry-After", 11}, .value = {"Sun, 06 Nov 1994 08:50:37 GMT", 29}},
                  {.name = {"Date", 4}, .value = {"Sun, 06 Nov 1994 08:49:37 GMT", 29}}},
        nonsense[] = {{.name = {"Retry-After", 11}, .value = {"soon", 4}}},
        huge[] = {{.name = {"Retry-After", 11}, .value = {"99999999999999999999", 20}}};
    struct arena arena;
    assert_int_equal(read_fault(&arena, 429, throttled, NULL, 0).attempt_delay_ms, 300000);
    arena_clear(&arena);
    assert_int_equal(read_fault(&arena, 429, throttled, seconds, 1).attempt_delay_ms, 7000);
    arena_clear(&arena);
    assert_int_equal(read_fault(&arena, 503, "", date, 2).attempt_delay_ms, 60000);
    arena_clear(&arena);
    assert_int_equal(read_fault(&arena, 503, "", nonsense, 1).attempt_delay_ms, 0);
    arena_clear(&arena);
    /* At most an hour, also when no number holds it. */
    assert_int_equal(read_fault(&arena, 503, "", huge, 1).attempt_delay_ms, 3600000);
    arena_clear(&arena);
}

static void a_limit_of_a_long_time_is_kept_although_the_wait_is_an_hour(void **state)
{
    (void)state;
    static const struct {
        const char *limit;
        int64_t calls, window_ms;
    } rows[] = {{"200,time:1 day", 200, 86400000},
                {"5000000,time:2 hour", 5000000, 7200000},
                {"1,time:61 minute", 1, 3660000},
                {"1,time:100000000000 day", 1, 366 * INT64_C(86400000)},
                {"99999999999999999999,time:99999999999999999999 second", 1000000000000,
                 366 * INT64_C(86400000)}};
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        char body[256];
        snprintf(body, sizeof body,
                 "{\"error_code\":\"APIGW.0308\",\"error_msg\":\"over ratelimit,limit:%s\"}",
                 rows[i].limit);
        struct fault fault = read_fault(&arena, 429, body, NULL, 0);
        assert_int_equal(fault.window_calls, rows[i].calls);
        assert_int_equal(fault.window_ms, rows[i].window_ms);
        assert_int_equal(fault.attempt_delay_ms, 3600000);
        assert_int_equal(fault.caller_retry_ms, 3600000);
        arena_clear(&arena);
    }
}

static void throttling_without_a_delay_gets_the_delay_that_callers_get(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *body;
        bool waits;
    } rows[] = {
        {429, "", true},
        {500, "{\"error_code\":\"APIG.9008\"}", true},
        {429, "{\"error_code\":\"APIGW.0308\",\"error_msg\":\"limit:200,time:5 minute\"}", true},
        {408, "", false},
        {503, "{\"error_code\":\"APIGW.0613\"}", false},
        {401, "", false},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        struct fault fault = read_fault(&arena, rows[i].status, rows[i].body, NULL, 0);
        assert_true(fault.caller_retry_ms > 0);
        assert_int_equal(fault.attempt_delay_ms, rows[i].waits ? fault.caller_retry_ms : 0);
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vendors_code_decides_first),
        cmocka_unit_test(the_front_gateways_numbers_mean_the_same_under_both_prefixes),
        cmocka_unit_test(without_a_known_code_the_http_status_decides),
        cmocka_unit_test(a_503_was_not_processed_when_the_server_says_so),
        cmocka_unit_test(a_header_that_is_too_large_is_not_the_callers),
        cmocka_unit_test(a_request_that_only_reads_may_be_repeated),
        cmocka_unit_test(the_delay_for_the_caller_follows_from_the_effect),
        cmocka_unit_test(the_wait_comes_from_the_header_or_the_throttling_text),
        cmocka_unit_test(a_limit_of_a_long_time_is_kept_although_the_wait_is_an_hour),
        cmocka_unit_test(throttling_without_a_delay_gets_the_delay_that_callers_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
