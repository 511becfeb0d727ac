/* SPDX-License-Identifier: MIT */
/* The bytes of a request, and that nothing which would change their meaning gets into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/request_writer.h"

#include "base/banned.h"

static const struct text host = {"apig.example.com:8443", 21};

static struct http_request usual_request(void)
{
    return (struct http_request){
        .method = text_literal("POST"),
        .target = text_literal("/v2/p/apigw/instances/i/api-groups?a=%20b"),
        .fields = {{.name = text_literal("Content-Type"),
                    .value = text_literal("application/json")},
                   {.name = text_literal("X-Auth-Token"), .value = text_literal("secret")}},
        .field_count = 2,
        .body = text_literal("{\"name\":\"n\"}"),
        .has_body = true,
    };
}

static bool write_request(const struct http_request *request, struct text to, size_t limit,
                          struct status *status)
{
    struct arena arena;
    struct http_bytes bytes;
    arena_init(&arena, limit);
    bool good = http1_request(request, to, &arena, &bytes, status);
    arena_clear(&arena);
    return good;
}

static void assert_bytes(const struct http_request *request, const char *expected)
{
    struct arena arena;
    struct http_bytes bytes;
    struct status status;
    char joined[512];
    arena_init(&arena, 1 << 20);
    if (!http1_request(request, host, &arena, &bytes, &status))
        fail_msg("%s", status.message);
    struct text written = {joined, http_bytes_copy(&bytes, 0, joined, sizeof joined)};
    assert_int_equal(written.size, bytes.size);
    if (!text_equal(written, text_of(expected)))
        fail_msg("written:\n%.*s\nexpected:\n%s", text_arguments(written), expected);
    arena_clear(&arena);
}

static void the_bytes_are_head_and_body(void **state)
{
    (void)state;
    struct http_request request = usual_request();
    assert_bytes(&request, "POST /v2/p/apigw/instances/i/api-groups?a=%20b HTTP/1.1\r\n"
                           "Host: apig.example.com:8443\r\n"
                           "Content-Type: application/json\r\n"
                           "X-Auth-Token: secret\r\n"
                           "Content-Length: 12\r\n"
                           "\r\n"
                           "{\"name\":\"n\"}");
}

static void a_secret_is_a_part_of_its_own_where_it_was(void **state)
{
    (void)state;
    struct arena arena;
    struct http_bytes bytes;
    struct status status;
    struct http_request request = usual_request();
    request.fields[1].is_secret = true;
    arena_init(&arena, 1 << 20);
    assert_true(http1_request(&request, host, &arena, &bytes, &status));
    assert_int_equal(bytes.count, 3);
    assert_ptr_equal(bytes.parts[1].data, request.fields[1].value.data);
    for (size_t i = 0; i < bytes.count; i += 2)
        assert_null(memmem(bytes.parts[i].data, bytes.parts[i].size, "secret", 6));
    arena_clear(&arena);
}

static void secrets_stand_where_their_fields_do(void **state)
{
    (void)state;
    struct http_request request = usual_request();
    const char *expected = "POST /v2/p/apigw/instances/i/api-groups?a=%20b HTTP/1.1\r\n"
                           "Host: apig.example.com:8443\r\n"
                           "Content-Type: application/json\r\n"
                           "X-Auth-Token: secret\r\n"
                           "Content-Length: 12\r\n"
                           "\r\n"
                           "{\"name\":\"n\"}";
    for (unsigned secrets = 0; secrets < 4; secrets++) {
        request.fields[0].is_secret = secrets & 1;
        request.fields[1].is_secret = secrets & 2;
        assert_bytes(&request, expected);
    }
}

static void a_body_has_a_length_also_when_it_is_empty(void **state)
{
    (void)state;
    struct http_request request = {
        .method = text_literal("PUT"), .target = text_literal("/"), .has_body = true};
    assert_bytes(&request, "PUT / HTTP/1.1\r\nHost: apig.example.com:8443\r\n"
                           "Content-Length: 0\r\n\r\n");
}

static void no_body_has_no_length(void **state)
{
    (void)state;
    struct http_request request = {.method = text_literal("GET"), .target = text_literal("/a")};
    assert_bytes(&request, "GET /a HTTP/1.1\r\nHost: apig.example.com:8443\r\n\r\n");
}

static void an_empty_value_is_written(void **state)
{
    (void)state;
    struct http_request request = {.method = text_literal("GET"),
                                   .target = text_literal("/"),
                                   .fields = {{.name = text_literal("A"), .value = {NULL, 0}}},
                                   .field_count = 1};
    assert_bytes(&request, "GET / HTTP/1.1\r\nHost: apig.example.com:8443\r\nA: \r\n\r\n");
}

/* RFC 9110 section 5.6.2, spelt out. */
static bool is_tchar(int byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || (byte > 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

/* RFC 9110 section 5.5: field-vchar, space and tab. */
static bool is_value_byte(int byte)
{
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

/* RFC 3986 section 3.3 and 3.4. A % is taken as one: what follows it is its writer's. */
static bool is_target_byte(int byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || (byte > 0 && strchr("-._~!$&'()*+,;=:@/?%", byte));
}

/* RFC 3986 section 3.2.2 and 3.2.3. */
static bool is_host_byte(int byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || (byte > 0 && strchr("-._~!$&'()*+,;=:[]%", byte));
}

static void check_byte(int byte, struct text text)
{
    struct status status;
    struct http_request request = usual_request();
    request.method = text;
    assert_int_equal(write_request(&request, host, 1 << 16, &status), is_tchar(byte));
    request = usual_request();
    request.fields[1].name = text;
    assert_int_equal(write_request(&request, host, 1 << 16, &status), is_tchar(byte));
    request = usual_request();
    assert_int_equal(write_request(&request, text, 1 << 16, &status), is_host_byte(byte));
    char target[] = {'/', text.data[0], '\0'};
    request.target = (struct text){target, 2};
    assert_int_equal(write_request(&request, host, 1 << 16, &status), is_target_byte(byte));
}

static void every_byte_is_allowed_just_where_the_grammar_says(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        check_byte(byte, (struct text){&c, 1});
    }
}

/* Every byte at every place of values of every length around the size of a block. */
static void every_byte_of_a_value_is_looked_at(void **state)
{
    (void)state;
    struct http_request request = usual_request();
    struct status status;
    char value[50];
    for (size_t bytes = 1; bytes <= sizeof value; bytes++)
        for (size_t at = 0; at < bytes; at++)
            for (int byte = 0; byte < 256; byte++) {
                memset(value, 'v', sizeof value);
                value[at] = (char)byte;
                request.fields[1].value = (struct text){value, bytes};
                assert_int_equal(write_request(&request, host, 1 << 16, &status),
                                 is_value_byte(byte));
            }
}

static void refused(const struct http_request *request, struct text to, const char *why)
{
    struct status status;
    assert_false(write_request(request, to, 1 << 16, &status));
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    if (!strstr(status.message, why))
        fail_msg("'%s' does not say '%s'", status.message, why);
    assert_null(strstr(status.message, "secret"));
}

static void a_value_cannot_add_a_line_and_is_never_in_the_message(void **state)
{
    (void)state;
    struct http_request request = usual_request();
    request.fields[1].value = text_literal("secret\r\nX-Other: 1");
    refused(&request, host, "value of the request's field X-Auth-Token");
    request.fields[1].value = text_literal("secret\n");
    refused(&request, host, "value of the request's field X-Auth-Token");
    request.fields[1].value = text_literal("secret, of more than sixteen bytes\0");
    refused(&request, host, "value of the request's field X-Auth-Token");
}

static void a_field_that_was_checked_is_written_as_it_is(void **state)
{
    (void)state;
    struct http_request request = {.method = text_literal("GET"),
                                   .target = text_literal("/"),
                                   .fields = {{{"A", 1}, {"\x7f", 1}, .is_checked = true}},
                                   .field_count = 1};
    assert_bytes(&request, "GET / HTTP/1.1\r\nHost: apig.example.com:8443\r\nA: \x7f\r\n\r\n");
}

static void fields_that_delimit_the_request_cannot_be_set(void **state)
{
    (void)state;
    struct text names[] = {text_literal("Host"), text_literal("content-length"),
                           text_literal("Transfer-ENCODING")};
    struct http_request request = usual_request();
    for (size_t i = 0; i < array_length(names); i++) {
        request.fields[0].name = names[i];
        refused(&request, host, "cannot be set");
    }
}

static void empty_parts_are_refused(void **state)
{
    (void)state;
    struct http_request request = usual_request();
    refused(&request, (struct text){NULL, 0}, "host");
    request.method = (struct text){NULL, 0};
    refused(&request, host, "method");
    request = usual_request();
    request.target = (struct text){NULL, 0};
    refused(&request, host, "target");
    request.target = text_literal("v2/without/slash");
    refused(&request, host, "target");
    request = usual_request();
    request.fields[0].name = (struct text){NULL, 0};
    refused(&request, host, "name");
}

static void a_request_takes_its_size_and_no_more(void **state)
{
    (void)state;
    struct http_request request = usual_request();
    char token[10240], body[3000];
    memset(token, 't', sizeof token);
    memset(body, 'b', sizeof body);
    request.fields[1].value = (struct text){token, sizeof token};
    request.body = (struct text){body, sizeof body};
    struct arena arena;
    struct http_bytes bytes;
    struct status status;
    arena_init(&arena, 1 << 20);
    assert_true(http1_request(&request, host, &arena, &bytes, &status));
    assert_true(arena.taken < bytes.size + 16);
    arena_clear(&arena);

    assert_false(write_request(&request, host, bytes.size - 1, &status));
    assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_head_and_body),
        cmocka_unit_test(a_secret_is_a_part_of_its_own_where_it_was),
        cmocka_unit_test(secrets_stand_where_their_fields_do),
        cmocka_unit_test(a_body_has_a_length_also_when_it_is_empty),
        cmocka_unit_test(no_body_has_no_length),
        cmocka_unit_test(an_empty_value_is_written),
        cmocka_unit_test(every_byte_is_allowed_just_where_the_grammar_says),
        cmocka_unit_test(every_byte_of_a_value_is_looked_at),
        cmocka_unit_test(a_value_cannot_add_a_line_and_is_never_in_the_message),
        cmocka_unit_test(a_field_that_was_checked_is_written_as_it_is),
        cmocka_unit_test(fields_that_delimit_the_request_cannot_be_set),
        cmocka_unit_test(empty_parts_are_refused),
        cmocka_unit_test(a_request_takes_its_size_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
