/* SPDX-License-Identifier: MIT */
/* Does the path that a rule makes of a message keep its values, and nothing else? */
#include "rest/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "http_rules.h"

static const struct json_style apig_style;

static bool expand_path(const struct http_rule *rule, const ProtobufCMessage *message,
                        struct text *path, struct status *status)
{
    struct buffer out;
    buffer_init(&out, &arena, 0);
    if (!path_expand(rule, message, &apig_style, &out, status))
        return false;
    *path = buffer_text(&out);
    return true;
}

/* The path that a rule "GET template" gives for a request of these lines. */
static bool path_for(const char *template, const char *lines, struct text *path,
                     struct status *status)
{
    struct http_rule rule = parsed("Request", option_of(GET, template, NULL));
    return expand_path(&rule, message_of("Request", lines), path, status);
}

static void a_template_becomes_a_path(void **state)
{
    (void)state;
    static const struct {
        const char *template, *lines, *path;
    } rows[] = {
        {"/v1", "", "/v1"},
        {"/v1/a-b.c_d~e/f!$&'()+,;@", "", "/v1/a-b.c_d~e/f!$&'()+,;@"},
        {"/v1/a%20b", "", "/v1/a%20b"},
        {"/v1/...", "", "/v1/..."},
        {"/v1/a:cancel", "", "/v1/a:cancel"},
        {"/v1/{id}", "id=abc", "/v1/abc"},
        {"/v1/{id=*}", "id=abc", "/v1/abc"},
        {"/{id}/{name}", "id=a\nname=b", "/a/b"},
        {"/v1/{id}/x/{name}/y", "id=a\nname=b", "/v1/a/x/b/y"},
        {"/v1/{id}:cancel", "id=a", "/v1/a:cancel"},
        {"/v1/{part.id}", "part.id=a", "/v1/a"},
        {"/v1/{part.owner.id}", "part.owner.id=a", "/v1/a"},
        {"/v1/{id=a/*}", "id=a/b", "/v1/a/b"},
        {"/v1/{id=a/*/c/*}", "id=a/b/c/d", "/v1/a/b/c/d"},
        {"/v1/{id=a/**}", "id=a/b/c", "/v1/a/b/c"},
        {"/v1/{id=a/**}", "id=a", "/v1/a"},
        {"/v1/{id=**}", "id=a/b/c", "/v1/a/b/c"},
        {"/v1/{id=**}:go", "id=a/b", "/v1/a/b:go"},
        {"/v1/{id=fixed}", "id=fixed", "/v1/fixed"},
        {"/v1/{maybe}", "maybe=a", "/v1/a"},
        {"/v1/{left}", "left=a", "/v1/a"},
        {"/v1/{count}", "count=-7", "/v1/-7"},
        {"/v1/{count}", "", "/v1/0"},
        {"/v1/{flag}", "flag=1", "/v1/true"},
        {"/v1/{colour}", "colour=1", "/v1/1"},
        {"/v1/{data}", "data=\xff\xfe\xfb", "/v1/__77"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct text path;
        if (!path_for(rows[i].template, rows[i].lines, &path, &status))
            fail_msg("%s: %s", rows[i].template, status.message);
        assert_text(path, rows[i].path);
    }
}

static void all_but_unreserved_characters_are_encoded(void **state)
{
    (void)state;
    static const struct {
        const char *value, *single, *multiple;
    } rows[] = {
        {"AZaz09-._~", "AZaz09-._~", "AZaz09-._~"},
        {"a/b", "a%2Fb", "a/b"},
        {"a b", "a%20b", "a%20b"},
        {"?#[]@!$&'()*+,;=:", "%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A",
         "%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A"},
        {"%2e%2e", "%252e%252e", "%252e%252e"},
        {"a\\b", "a%5Cb", "a%5Cb"},
        {"\x01\x7f\r", "%01%7F%0D", "%01%7F%0D"},
        {"\xe4\xb8\xad", "%E4%B8%AD", "%E4%B8%AD"},
        {"...", "...", "..."},
        {"a..b/.c/d.", "a..b%2F.c%2Fd.", "a..b/.c/d."},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct text path;
        char lines[128];
        snprintf(lines, sizeof lines, "id=%s", rows[i].value);
        assert_true(path_for("/{id}", lines, &path, &status));
        assert_text((struct text){path.data + 1, path.size - 1}, rows[i].single);
        assert_true(path_for("/{id=**}", lines, &path, &status));
        assert_text((struct text){path.data + 1, path.size - 1}, rows[i].multiple);
    }
}

static void an_enum_has_the_style_of_the_file(void **state)
{
    (void)state;
    static const struct json_style names = {.enum_names = true};
    struct http_rule rule = parsed("Request", option_of(GET, "/v1/{colour}", NULL));
    struct buffer out;
    struct status status;
    buffer_init(&out, &arena, 0);
    assert_true(path_expand(&rule, message_of("Request", "colour=1"), &names, &out, &status));
    assert_text(buffer_text(&out), "/v1/COLOUR_RED");
}

static void a_value_that_would_change_the_path_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *template, *lines, *why;
    } rows[] = {
        {"/v1/{id}", "", "id: must be set"},
        {"/v1/{id=**}", "", "id: must be set"},
        {"/v1/{maybe}", "", "maybe: must be set"},
        {"/v1/{left}", "right=1", "left: must be set"},
        {"/v1/{part.owner.id}", "part.id=a", "part.owner.id: must be set"},
        {"/v1/{part.id}", "part.note=a", "part.id: must be set"},
        {"/v1/{data}", "", "data: must be set"},
        {"/v1/{id}", "id=.", "\"..\" segment"},
        {"/v1/{id}", "id=..", "\"..\" segment"},
        {"/v1/{id}", "id=a/../b", "\"..\" segment"},
        {"/v1/{id}:go", "id=..", "\"..\" segment"},
        {"/v1/{id=**}", "id=..", "\"..\" segment"},
        {"/v1/{id=**}", "id=../a", "\"..\" segment"},
        {"/v1/{id=**}", "id=a/./b", "\"..\" segment"},
        {"/v1/{id=**}", "id=a/..", "\"..\" segment"},
        {"/v1/{id=a/**}", "id=a/..", "\"..\" segment"},
        {"/v1/{id=a/*}", "id=a/..", "\"..\" segment"},
        {"/v1/{id=**}", "id=/a", "empty segment"},
        {"/v1/{id=**}", "id=a//b", "empty segment"},
        {"/v1/{id=**}", "id=a/", "empty segment"},
        {"/v1/{id=a/*}", "id=b/c", "must have the form \"a/*\""},
        {"/v1/{id=a/*}", "id=a", "must have the form"},
        {"/v1/{id=a/*}", "id=a/b/c", "must have the form"},
        {"/v1/{id=a/**}", "id=ab/c", "must have the form"},
        {"/v1/{id=a/*/c}", "id=a/b/d", "must have the form"},
        {"/v1/{id=fixed}", "id=other", "must have the form"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct text path;
        if (path_for(rows[i].template, rows[i].lines, &path, &status))
            fail_msg("%s took %s", rows[i].template, rows[i].lines);
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        if (!strstr(status.message, rows[i].why))
            fail_msg("\"%s\" does not say \"%s\"", status.message, rows[i].why);
    }
}

static void a_nul_in_a_path_is_refused(void **state)
{
    (void)state;
    struct status status;
    struct text path;
    struct http_rule rule = parsed("Request", option_of(GET, "/v1/{id}", NULL));
    ProtobufCMessage *message = message_of("Request", "");
    lines_set(sets_type(&http, "Request"), message, text_literal("id"), (struct text){"a\0b", 3},
              &arena);
    assert_false(expand_path(&rule, message, &path, &status));
    assert_string_equal(status.message, "id: must not hold a NUL character");
}

static void a_full_arena_is_reported(void **state)
{
    (void)state;
    must_report_a_full_arena(path_expand, &apig_style, "/v1/5/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_arena(a_template_becomes_a_path),
        with_arena(all_but_unreserved_characters_are_encoded),
        with_arena(an_enum_has_the_style_of_the_file),
        with_arena(a_value_that_would_change_the_path_is_refused),
        with_arena(a_nul_in_a_path_is_refused),
        with_arena(a_full_arena_is_reported),
    };
    return cmocka_run_group_tests(tests, http_rules_load, http_rules_unload);
}
