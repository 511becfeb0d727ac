/* SPDX-License-Identifier: MIT */
/* What does an unsuccessful response mean, whatever its body? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "rest/fault.h"

static struct fault read_fault(struct arena *arena, unsigned status, const char *body,
                               const struct http_field *fields, size_t field_count)
{
    struct http_response response = {
        .status = status, .fields = fields, .field_count = field_count, .body = text_of(body)};
    struct fault fault;
    arena_init(arena, 1 << 20);
    struct secret_list *secrets = secret_list_new();
    struct secret *secret = secret_new(secrets, text_literal("SECRETTOKEN-OF-32-BYTES-ALTOGETHER"));
    fault_read(&response, secrets, arena, arena, &fault);
    secret_wipe(secret);
    secret_list_release(secrets);
    return fault;
}

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
        assert_int_equal(fault.retry_ms, rows[i].retry_ms);
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
                                        "writes the header, most of which is the token");
    arena_clear(&arena);
    expect(400, "", STATUS_INVALID_ARGUMENT, FAULT_REFUSED);
}

static void every_shape_of_body_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *body, *code, *message, *request_id;
    } shapes[] = {
        {"{\"error_code\":\"APIG.2011\",\"error_msg\":\"bad\"}", "APIG.2011", "bad", ""},
        {"{\"error_msg\":\"bad\",\"error_code\":\"APIGW.0301\",\"request_id\":\"9f\"}",
         "APIGW.0301", "bad", "9f"},
        {"{\"error_code\":\"A.1\",\"error_msg\":\"m\",\"encoded_authorization_message\":null,"
         "\"details\":[{\"error_code\":\"B.2\",\"error_msg\":\"n\"}]}",
         "A.1", "m", ""},
        {"{\"code\":\"C.3\",\"message\":\"m\",\"details\":[]}", "C.3", "m", ""},
        {"{\"wrapper\":{\"code\":\"D.4\",\"message\":\"m\"}}", "D.4", "m", ""},
        {"{\"error\":{\"code\":401,\"message\":\"m\",\"title\":\"Unauthorized\"}}", "401", "m", ""},
        {"<html><body>Bad gateway</body></html>", "", "", ""},
        {"", "", "", ""},
        {"{\"error_msg\":\"cut", "", "", ""},
        {"\xef\xbb\xbf{\"error_code\":\"A.1\",\"error_msg\":\"m\"}", "A.1", "m", ""},
        {"{\"error_code\":\"A.1\",\"error_msg\":\"\xff\"}", "A.1", "", ""},
        {"{\"request_id\":\"9f\",\"error_code\":\"A.1\",", "A.1", "", "9f"},
        {"{\"error_code\":\"A.1\"} x", "A.1", "", ""},
        {"{\"error\":{\"code\":\"A.1\"},", "", "", ""},
        {"{\"error_code\":{\"deep\":{\"er\":1}}}", "", "", ""},
        {"[[[[[[1]]]]]]", "", "", ""},
        {"[{\"error_code\":\"A.1\",\"error_msg\":\"m\"},{\"error_code\":\"B.2\"}]", "A.1", "m", ""},
        {"{\"errors\":[{\"code\":\"A.1\",\"message\":\"m\",\"request_id\":\"9f\"}]}", "A.1", "m",
         "9f"},
        {"{\"errors\":[{\"error_code\":\"A.1\"}],\"error\":{\"code\":\"B.2\"},\"message\":\"m\"}",
         "B.2", "m", ""},
        {"{\"details\":[{\"error_code\":\"A.1\",\"error_msg\":\"m\"}]}", "", "", ""},
        {"[[{\"error_code\":\"A.1\"}]]", "", "", ""},
        {"{\"errors\":[{\"x\":{\"error_code\":\"A.1\"}}]}", "", "", ""},
        {"[{\"error_code\":\"A.1\"},", "", "", ""},
        {"{\"error_msg\":\"{\\\"error_code\\\":\\\"A.1\\\",\\\"error_msg\\\":\\\"m\\\","
         "\\\"request_id\\\":\\\"9f\\\"}\"}",
         "A.1", "m", "9f"},
        {"{\"code\":500,\"message\":\"[{\\\"error_code\\\":\\\"A.1\\\"}]\"}", "A.1",
         "[{\"error_code\":\"A.1\"}]", ""},
        {"{\"error_code\":\"B.2\",\"error_msg\":\"{\\\"error_code\\\":\\\"A.1\\\","
         "\\\"error_msg\\\":\\\"m\\\"}\"}",
         "B.2", "m", ""},
        {"{\"error_code\":\"B.2\",\"error_msg\":\"{not JSON\"}", "B.2", "{not JSON", ""},
    };
    for (size_t i = 0; i < array_length(shapes); i++) {
        struct arena arena;
        struct fault fault = read_fault(&arena, 400, shapes[i].body, NULL, 0);
        assert_true(text_equal(fault.vendor_code, text_of(shapes[i].code)));
        assert_true(text_equal(fault.message, text_of(shapes[i].message)));
        assert_true(text_equal(fault.request_id, text_of(shapes[i].request_id)));
        arena_clear(&arena);
    }
}

static void the_words_are_one_short_line_without_pages_and_secrets(void **state)
{
    (void)state;
    struct arena arena;
    struct fault fault =
        read_fault(&arena, 400, "{\"error_code\":\"A.1\",\"error_msg\":\"a\\r\\nb\\tc\"}", NULL, 0);
    assert_true(text_equal(fault.message, text_literal("a  b c")));
    arena_clear(&arena);
    fault = read_fault(
        &arena, 400,
        "{\"error_code\":\"A.1\",\"error_msg\":\"token ETTOKEN-OF-32-BYTES-ALTO… is bad\"}", NULL,
        0);
    assert_true(text_equal(fault.message, text_literal("token [secret]… is bad")));
    arena_clear(&arena);
    fault = read_fault(&arena, 400,
                       "{\"error_code\":\"xSECRETTOKEN-OF-32-BYTES-x\",\"request_id\":"
                       "\"xSECRETTOKEN-OF-32-BYTES-x\"}",
                       NULL, 0);
    assert_int_equal(fault.vendor_code.size, 0);
    assert_int_equal(fault.request_id.size, 0);
    arena_clear(&arena);
    char body[8192];
    int used = snprintf(body, sizeof body, "{\"error_msg\":\"");
    for (int i = 0; i < 1000; i++)
        used += snprintf(body + used, sizeof body - (size_t)used, "组");
    snprintf(body + used, sizeof body - (size_t)used, "\"}");
    fault = read_fault(&arena, 400, body, NULL, 0);
    assert_in_range(fault.message.size, 1, 512);
    assert_true(text_is_utf8(fault.message));
    arena_clear(&arena);
}

static void expect_words(const char *said, const char *told)
{
    struct arena arena;
    char body[256];
    snprintf(body, sizeof body, "{\"error_msg\":\"%s\"}", said);
    struct text message = read_fault(&arena, 400, body, NULL, 0).message;
    if (!text_equal(message, text_of(told)))
        fail_msg("\"%s\" is told as \"%.*s\"", said, text_arguments(message));
    arena_clear(&arena);
}

static void a_page_is_not_a_message(void **state)
{
    (void)state;
    static const char *const pages[] = {
        "<p>no</p>", "<!DOCTYPE html>", "<!-- x -->", "Denied<br>", "</html>", "a <IMG",
    };
    for (size_t i = 0; i < array_length(pages); i++)
        expect_words(pages[i], "");
    expect_words("below 3 < 4 or <> or <", "below 3 < 4 or <> or <");
}

static void characters_that_are_not_plain_text_become_spaces(void **state)
{
    (void)state;
    expect_words("a\xc2\x80"
                 "b\xc2\x85"
                 "c\xc2\x9f"
                 "d\xc2\xa0"
                 "e",
                 "a b c d\xc2\xa0"
                 "e");
    expect_words("a\xe2\x80\xa8"
                 "b\xe2\x80\xa9"
                 "c\xe2\x80\xae"
                 "d\xe2\x80\xaf"
                 "e",
                 "a b c d\xe2\x80\xaf"
                 "e");
    expect_words("\xe2\x80\x8e|\xe2\x80\x8f|\xe2\x81\xa6|\xe2\x81\xa9|\xd8\x9c|\xe2\x80\x8d",
                 " | | | | |\xe2\x80\x8d");
}

static void a_fault_survives_its_response_and_a_scratch_that_is_full(void **state)
{
    (void)state;
    static const char words[] = "{\"error_code\":\"APIG.2011\",\"error_msg\":\"bad,parameterName:"
                                "name.\",\"request_id\":\"9f\",\"x\":[\"\\u0041\",\"\\u0041\"]}";
    struct http_field location = {.name = text_literal("Location"),
                                  .value = text_literal("https://h.example/")};
    char body[sizeof words];
    memcpy(body, words, sizeof words);
    struct http_response response = {
        .status = 400, .body = text_of(body), .fields = &location, .field_count = 1};
    struct arena scratch, arena;
    struct fault fault;
    arena_init(&arena, 4096);
    arena_init(&scratch, 160); /* enough for names, not for what follows */
    fault_read(&response, NULL, &scratch, &arena, &fault);
    memset(body, '#', sizeof body);
    arena_clear(&scratch);
    assert_int_equal(fault.code, STATUS_INVALID_ARGUMENT);
    assert_true(text_equal(fault.vendor_code, text_literal("APIG.2011")));
    assert_true(text_equal(fault.message, text_literal("bad,parameterName:name.")));
    assert_true(text_equal(fault.request_id, text_literal("9f")));
    assert_true(text_equal(fault.field, text_literal("name")));
    assert_true(text_equal(fault.location_host, text_literal("h.example")));
    arena_clear(&arena);
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
        assert_true(fault.retry_ms >= 0);
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
            assert_true(fault.retry_ms > 0);
        else
            assert_int_equal(fault.retry_ms, rows[i].retry_ms);
        arena_clear(&arena);
    }
}

static void the_field_that_is_blamed_is_named(void **state)
{
    (void)state;
    struct arena arena;
    struct fault fault = read_fault(&arena, 400,
                                    "{\"error_code\":\"APIG.2011\",\"error_msg\":\"Invalid "
                                    "parameter value,parameterName:name. Please "
                                    "refer to the support documentation\"}",
                                    NULL, 0);
    assert_true(text_equal(fault.field, text_literal("name")));
    arena_clear(&arena);
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
    assert_int_equal(read_fault(&arena, 429, throttled, NULL, 0).wait_ms, 300000);
    arena_clear(&arena);
    assert_int_equal(read_fault(&arena, 429, throttled, seconds, 1).wait_ms, 7000);
    arena_clear(&arena);
    assert_int_equal(read_fault(&arena, 503, "", date, 2).wait_ms, 60000);
    arena_clear(&arena);
    assert_int_equal(read_fault(&arena, 503, "", nonsense, 1).wait_ms, 0);
    arena_clear(&arena);
    /* At most an hour, also when no number holds it. */
    assert_int_equal(read_fault(&arena, 503, "", huge, 1).wait_ms, 3600000);
    arena_clear(&arena);
    static const char *const longest[] = {"1000 day", "61 minute", "99999999999999999999 second"};
    for (size_t i = 0; i < array_length(longest); i++) {
        char body[256];
        snprintf(body, sizeof body,
                 "{\"error_code\":\"APIGW.0308\",\"error_msg\":\"over ratelimit,limit:1,time:%s\"}",
                 longest[i]);
        struct fault fault = read_fault(&arena, 429, body, NULL, 0);
        assert_int_equal(fault.wait_ms, 3600000);
        assert_int_equal(fault.retry_ms, 3600000);
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
        assert_true(fault.retry_ms > 0);
        assert_int_equal(fault.wait_ms, rows[i].waits ? fault.retry_ms : 0);
        arena_clear(&arena);
    }
}

static void a_redirect_says_where_it_would_have_led(void **state)
{
    (void)state;
    static const struct {
        const char *location, *host;
    } rows[] = {
        {"https://elsewhere.example.com:8443/x?y", "elsewhere.example.com"},
        {"https://user:pw@elsewhere.example/", "elsewhere.example"},
        {"https://user@elsewhere.example:1?a@b", "elsewhere.example"},
        {"https://elsewhere.example/a@b", "elsewhere.example"},
        {"https://[::1]:8443/", ""},
        {"/only/a/path", ""},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        const struct http_field location = {.name = text_literal("Location"),
                                            .value = text_of(rows[i].location)};
        struct fault fault = read_fault(&arena, 302, "", &location, 1);
        assert_true(text_equal(fault.location_host, text_of(rows[i].host)));
        arena_clear(&arena);
    }
}

static void the_status_has_words_code_and_request(void **state)
{
    (void)state;
    struct arena arena;
    struct status status;
    struct http_response response = {.status = 400};
    struct fault fault = read_fault(
        &arena, 400,
        "{\"error_code\":\"APIG.3201\",\"error_msg\":\"The name exists\",\"request_id\":\"9f\"}",
        NULL, 0);
    assert_false(fault_status(&fault, &response, &status));
    assert_int_equal(status.code, STATUS_ALREADY_EXISTS);
    assert_string_equal(status.message, "The name exists (APIG.3201, HTTP 400, request 9f)");
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vendors_code_decides_first),
        cmocka_unit_test(the_front_gateways_numbers_mean_the_same_under_both_prefixes),
        cmocka_unit_test(without_a_known_code_the_http_status_decides),
        cmocka_unit_test(a_503_was_not_processed_when_the_server_says_so),
        cmocka_unit_test(a_header_that_is_too_large_is_not_the_callers),
        cmocka_unit_test(every_shape_of_body_is_read),
        cmocka_unit_test(the_words_are_one_short_line_without_pages_and_secrets),
        cmocka_unit_test(a_page_is_not_a_message),
        cmocka_unit_test(characters_that_are_not_plain_text_become_spaces),
        cmocka_unit_test(a_fault_survives_its_response_and_a_scratch_that_is_full),
        cmocka_unit_test(a_request_that_only_reads_may_be_repeated),
        cmocka_unit_test(the_delay_for_the_caller_follows_from_the_effect),
        cmocka_unit_test(the_field_that_is_blamed_is_named),
        cmocka_unit_test(the_wait_comes_from_the_header_or_the_throttling_text),
        cmocka_unit_test(throttling_without_a_delay_gets_the_delay_that_callers_get),
        cmocka_unit_test(a_redirect_says_where_it_would_have_led),
        cmocka_unit_test(the_status_has_words_code_and_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
