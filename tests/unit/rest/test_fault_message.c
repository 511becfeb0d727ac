/* SPDX-License-Identifier: MIT */
/* Is an unsuccessful response reported in words that name its cause, whatever its body holds? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fault_reading.h"

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
        cmocka_unit_test(every_shape_of_body_is_read),
        cmocka_unit_test(the_words_are_one_short_line_without_pages_and_secrets),
        cmocka_unit_test(a_page_is_not_a_message),
        cmocka_unit_test(characters_that_are_not_plain_text_become_spaces),
        cmocka_unit_test(a_fault_survives_its_response_and_a_scratch_that_is_full),
        cmocka_unit_test(the_field_that_is_blamed_is_named),
        cmocka_unit_test(a_redirect_says_where_it_would_have_led),
        cmocka_unit_test(the_status_has_words_code_and_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
