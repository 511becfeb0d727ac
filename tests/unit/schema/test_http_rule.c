/* SPDX-License-Identifier: MIT */
/* Is a google.api.http option read as its rule, or refused when no request could follow it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "http_rules.h"

static const struct {
    const char *template, *why;
} bad_templates[] = {
    {"", "the HTTP rule has no path"},
    {"v1", "does not begin with a slash"},
    {":verb", "does not begin with a slash"},
    {"/", "empty segment"},
    {"/v1/", "empty segment"},
    {"//v1", "empty segment"},
    {"/v1//a", "empty segment"},
    {"/v1/a b", "is not allowed at its end"},
    {"/v1/a?b=c", "is not allowed at its end"},
    {"/v1/a#b", "is not allowed at its end"},
    {"/v1/\xc3\xa9", "a character that cannot be sent"},
    {"/v1/%2", "a character that cannot be sent"},
    {"/v1/a%zz", "is not allowed at its end"},
    {"/v1/..", "\"..\" segment"},
    {"/v1/./a", "\".\" segment"},
    {"/v1/%2e%2E/a", "\"%2e%2E\" segment"},
    {"/v1/.%2e", "\".%2e\" segment"},
    {"/v1/*", "outside of a variable"},
    {"/v1/**", "outside of a variable"},
    {"/v1/{id", "a { without a }"},
    {"/v1/{", "a { without a }"},
    {"/v1/{}", "names no field"},
    {"/v1/{=a}", "names no field"},
    {"/v1/{ id}", "names no field"},
    {"/v1/{missing}", "{missing} names no field of the request"},
    {"/v1/{part.missing}", "names no field"},
    {"/v1/{id.more}", "names no field"},
    {"/v1/{part.}", "names no field"},
    {"/v1/{.id}", "names no field"},
    {"/v1/{part}", "{part} names a message"},
    {"/v1/{tags}", "{tags} names a repeated field"},
    {"/v1/{text.value}", "sent as a whole"},
    {"/v1/{id}/{id}", "{id} is in it twice"},
    {"/v1/{id}x", "\"x\" is not allowed at its end"},
    {"/v1/x{id}", "\"{id}\" is not allowed at its end"},
    {"/v1/{id}{name}", "is not allowed at its end"},
    {"/v1/{id=}", "\"\" is not a template of a variable"},
    {"/v1/{id=a//b}", "is not a template"},
    {"/v1/{id=a/}", "is not a template"},
    {"/v1/{id=/a}", "is not a template"},
    {"/v1/{id=***}", "is not a template"},
    {"/v1/{id=a*}", "is not a template"},
    {"/v1/{id=**/a}", "is not a template"},
    {"/v1/{id=../*}", "is not a template"},
    {"/v1/{id=%61/*}", "is not a template"},
    {"/v1/{id={name}}", "is not a template"},
    {"/v1/{id=**}/a", "\"/a\" is not allowed at its end"},
    {"/v1/{id=**}/{name}", "is not allowed at its end"},
    {"/v1/a:b/c", "\"/c\" is not allowed at its end"},
    {"/v1/a:b:c", "\":c\" is not allowed at its end"},
    {"/v1/a:", "empty segment"},
    {"/v1/a:{id}", "a character that cannot be sent"},
};

static void a_template_that_cannot_be_sent_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(bad_templates); i++) {
        struct status status;
        struct http_rule rule;
        if (parse("Request", option_of(GET, bad_templates[i].template, NULL), &rule, &status))
            fail_msg("%s was taken", bad_templates[i].template);
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        assert_memory_equal(status.message, "the.Method: ", 12);
        if (!strstr(status.message, bad_templates[i].why))
            fail_msg("\"%s\" does not say \"%s\"", status.message, bad_templates[i].why);
    }
}

static void a_template_of_too_many_variables_is_refused(void **state)
{
    (void)state;
    static const char template[] =
        "/{part.id}/{part.note}/{part.owner.id}/{count}/{small}/{large}/{flag}/{single}"
        "/{real}/{data}/{colour}/{maybe}/{left}/{right}/{zigzag}/{fixed}";
    char path[sizeof template + 5];
    snprintf(path, sizeof path, "/{id}%s", template);
    for (size_t variables = 17; variables >= 16; variables--) {
        struct status status;
        struct http_rule rule;
        struct buffer option;
        buffer_init(&option, &arena, 256);
        buffer_add_char(&option, GET << 3 | 2);
        buffer_add_char(&option, (char)(strlen(path) | 0x80));
        buffer_add_char(&option, (char)(strlen(path) >> 7));
        buffer_add_text(&option, text_of(path));
        bool good = parse("Request", buffer_text(&option), &rule, &status);
        assert_int_equal(good, variables == 16);
        if (!good)
            assert_non_null(strstr(status.message, "more than 64 parts or 16 variables"));
        *strrchr(path, '/') = '\0';
    }
}

static void each_pattern_has_its_method(void **state)
{
    (void)state;
    static const struct {
        unsigned pattern;
        const char *method;
    } rows[] = {{GET, "GET"}, {PUT, "PUT"}, {POST, "POST"}, {DELETE, "DELETE"}, {PATCH, "PATCH"}};
    for (size_t i = 0; i < array_length(rows); i++) {
        struct http_rule rule = parsed("Request", option_of(rows[i].pattern, "/v1/{id}", NULL));
        assert_text(rule.method, rows[i].method);
        assert_text(rule.template, "/v1/{id}");
        assert_false(rule.body_whole);
        assert_null(rule.body);
        assert_null(rule.response_body);
    }
}

static struct text custom_of(const char *kind, const char *path)
{
    struct buffer custom, option;
    buffer_init(&custom, &arena, 64);
    add_piece(&custom, 1, text_of(kind));
    add_piece(&custom, 2, text_of(path));
    buffer_init(&option, &arena, 64);
    add_piece(&option, CUSTOM, buffer_text(&custom));
    return buffer_text(&option);
}

static void a_custom_method_is_one_that_can_be_sent(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "*",       "head",  "GET /x",
                                      "G\nT", "CONNECT", "TRACE", "GET HTTP/1.1\r\nX: y"};
    struct http_rule rule = parsed("Request", custom_of("OPTIONS", "/v1"));
    assert_text(rule.method, "OPTIONS");
    for (size_t i = 0; i < array_length(bad); i++) {
        struct status status;
        if (parse("Request", custom_of(bad[i], "/v1"), &rule, &status))
            fail_msg("%s was taken", bad[i]);
        assert_non_null(strstr(status.message, "is not an HTTP method"));
    }
}

static void a_rule_is_the_same_in_one_block_and_in_lines(void **state)
{
    (void)state;
    static const struct {
        const char *name, *template;
    } rows[] = {{"Block", "/v1/{id}"}, {"Lines", "/v2/{id}"}};
    struct schema *schema;
    struct status status;
    if (!schema_new(http.bytes, &schema, &status))
        fail_msg("%s", status.message);
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct schema_method *method = schema_method_find(schema, text_of(rows[i].name));
        assert_text(method->http_rule.method, "HEAD");
        assert_text(method->http_rule.template, rows[i].template);
        assert_ptr_equal(method->http_rule.body, sets_field(method->request, "part"));
        assert_ptr_equal(method->http_rule.response_body, sets_field(method->response, "parts"));
    }
    schema_free(schema);
}

static void of_patterns_the_last_one_counts(void **state)
{
    (void)state;
    struct buffer option;
    buffer_init(&option, &arena, 64);
    buffer_add_text(&option, custom_of("HEAD", "/v1"));
    buffer_add_text(&option, option_of(POST, "/v2", "part"));
    struct http_rule rule = parsed("Request", buffer_text(&option));
    assert_text(rule.method, "POST");
    assert_text(rule.template, "/v2");
    struct status status;
    buffer_init(&option, &arena, 64);
    buffer_add_text(&option, custom_of("HEAD", "/v1"));
    buffer_add_text(&option, option_of(POST, "/v2", NULL));
    add_piece(&option, CUSTOM, text_literal("\x0a\x04HEAD"));
    assert_false(parse("Request", buffer_text(&option), &rule, &status));
    assert_string_equal(status.message, "the.Method: the HTTP rule has no path");
}

static void bodies_name_fields_that_are_not_in_the_path(void **state)
{
    (void)state;
    static const struct {
        const char *template, *body, *why;
    } rows[] = {
        {"/v1", "missing", "body: \"missing\" names no field of the request"},
        {"/v1", "part.id", "names no field of the request"},
        {"/v1/{id}", "id", "body: \"id\" is in the path already"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct http_rule rule;
        assert_false(
            parse("Request", option_of(POST, rows[i].template, rows[i].body), &rule, &status));
        if (!strstr(status.message, rows[i].why))
            fail_msg("\"%s\" does not say \"%s\"", status.message, rows[i].why);
    }
    struct http_rule rule = parsed("Request", option_of(POST, "/v1/{id}", "*"));
    assert_true(rule.body_whole);
    assert_true(http_rule_binds(&rule, sets_field(sets_type(&http, "Request"), "id")));
    assert_false(http_rule_binds(&rule, sets_field(sets_type(&http, "Request"), "name")));
}

static void a_part_of_the_body_may_be_in_the_path_as_well(void **state)
{
    (void)state;
    static const struct {
        const char *template, *body;
    } rows[] = {{"/v1/{part.id}", "part"}, {"/v1/{part.id}", "*"}, {"/v1/{part.owner.id}", "*"}};
    for (size_t i = 0; i < array_length(rows); i++) {
        struct http_rule rule = parsed("Request", option_of(PATCH, rows[i].template, rows[i].body));
        assert_false(http_rule_binds(&rule, sets_field(sets_type(&http, "Request"), "part")));
    }
}

static void a_response_body_names_a_field_of_the_response(void **state)
{
    (void)state;
    struct status status;
    struct http_rule rule;
    struct buffer option;
    buffer_init(&option, &arena, 64);
    buffer_add_text(&option, option_of(GET, "/v1", NULL));
    add_piece(&option, RESPONSE_BODY, text_literal("id"));
    assert_false(parse("Request", buffer_text(&option), &rule, &status));
    assert_non_null(strstr(status.message, "response_body: \"id\" names no field of the response"));
}

static void fields_that_fit_no_query_are_refused_without_a_body(void **state)
{
    (void)state;
    static const struct {
        const char *request, *body, *why;
    } rows[] = {
        {"WithMap", NULL, "test.types.WithMap.labels cannot be"},
        {"WithMap", "id", "test.types.WithMap.labels cannot be"},
        /* The body takes the map away, but for that of the message inside. */
        {"WithMap", "labels", "test.types.WithMap.labels cannot be"},
        {"WithParts", NULL, "test.types.WithParts.parts cannot be"},
        {"WithTime", NULL, NULL},
        {"WithTimes", NULL, "test.types.WithTimes.times cannot be"},
        {"WithStruct", NULL, "test.types.WithStruct.struct cannot be"},
        {"WithWrappers", NULL, "test.types.WithWrappers.texts cannot be"},
        {"Deeper", NULL, "test.types.WithMap.labels cannot be"},
        {"WithMap", "*", NULL},
        {"WithParts", "parts", NULL},
        {"WithTime", "time", NULL},
        {"Deeper", "inner", NULL},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct http_rule rule;
        bool good = parse(rows[i].request, option_of(POST, "/v1", rows[i].body), &rule, &status);
        if (good != !rows[i].why)
            fail_msg("%s: %s", rows[i].request, good ? "was taken" : status.message);
        if (!good && !strstr(status.message, rows[i].why))
            fail_msg("\"%s\" does not say \"%s\"", status.message, rows[i].why);
    }
}

static void bytes_that_are_not_a_rule_are_refused(void **state)
{
    (void)state;
    static const struct text bad[] = {
        {"", 0},                           /* nothing */
        {"\x12", 1},                       /* no length */
        {"\x12\x05/v1", 5},                /* too short */
        {"\x10\x01", 2},                   /* a number where a string belongs */
        {"\x12\x02/\xff", 4},              /* not UTF-8 */
        {"\x12\x02/a\x40\x01", 6},         /* a custom pattern that is a number */
        {"\x12\x02/a\x42\x02\x1a\x00", 8}, /* a part of it that is not known */
        {"\x12\x02/a\x6a\x00", 6},         /* a part of the rule that is not known */
    };
    for (size_t i = 0; i < array_length(bad); i++) {
        struct status status;
        struct http_rule rule = {.variable_count = 99};
        assert_false(parse("Request", bad[i], &rule, &status));
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        assert_true(text_is_utf8(text_of(status.message)));
        assert_int_equal(rule.variable_count, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_arena(a_template_that_cannot_be_sent_is_refused),
        with_arena(a_template_of_too_many_variables_is_refused),
        with_arena(each_pattern_has_its_method),
        with_arena(a_custom_method_is_one_that_can_be_sent),
        with_arena(a_rule_is_the_same_in_one_block_and_in_lines),
        with_arena(of_patterns_the_last_one_counts),
        with_arena(bodies_name_fields_that_are_not_in_the_path),
        with_arena(a_part_of_the_body_may_be_in_the_path_as_well),
        with_arena(a_response_body_names_a_field_of_the_response),
        with_arena(fields_that_fit_no_query_are_refused_without_a_body),
        with_arena(bytes_that_are_not_a_rule_are_refused),
    };
    return cmocka_run_group_tests(tests, http_rules_load, http_rules_unload);
}
