/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The visited values as "path=value", one after another; strings in quotes. */
struct visits {
    char text[512];
    size_t most, count;
};

static bool visit(struct text path, struct text value, bool is_string, void *context)
{
    struct visits *visits = context;
    size_t at = strlen(visits->text);
    const char *quote = is_string ? "'" : "";
    snprintf(visits->text + at, sizeof visits->text - at, "%.*s=%s%.*s%s;", text_arguments(path),
             quote, text_arguments(value), quote);
    return ++visits->count != visits->most;
}

static bool walk(const char *json, struct visits *visits, struct status *status)
{
    static const struct json_limits limits;
    struct arena arena;
    arena_init(&arena, 65536);
    bool good = json_visit(text_of(json), &limits, &arena, visit, visits, status);
    arena_clear(&arena);
    return good;
}

static void strings_and_numbers_are_visited_with_their_paths(void **state)
{
    (void)state;
    static const struct {
        const char *json, *visits;
    } rows[] = {
        {"{\"error_code\":\"APIG.2011\",\"error_msg\":\"bad\"}",
         "error_code='APIG.2011';error_msg='bad';"},
        {"{\"error_code\":\"APIG.0308\",\"error_msg\":\"slow\",\"request_id\":\"9f\"}",
         "error_code='APIG.0308';error_msg='slow';request_id='9f';"},
        {"{\"error_code\":\"A\",\"error_msg\":\"m\",\"encoded_authorization_message\":null,"
         "\"details\":[{\"error_code\":\"B\"},{\"code\":\"C\"}]}",
         "error_code='A';error_msg='m';details[0].error_code='B';details[1].code='C';"},
        {"{\"code\":\"c\",\"message\":\"m\",\"details\":[]}", "code='c';message='m';"},
        {"{\"error\":{\"code\":\"c\",\"message\":\"m\"}}", "error.code='c';error.message='m';"},
        {"{\"error\":{\"code\":401,\"message\":\"m\",\"title\":\"Unauthorized\"}}",
         "error.code=401;error.message='m';error.title='Unauthorized';"},
        {"\"text\"", "='text';"},
        {"-1.50e+2", "=-1.50e+2;"},
        {"[[1,[2]],3]", "[0][0]=1;[0][1][0]=2;[1]=3;"},
        {"{\"a\":{\"b\":{\"c\":\"\\u00e4\"},\"d\":true},\"e\":\"\"}", "a.b.c='\xc3\xa4';e='';"},
        {"null", ""},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct visits visits = {0};
        struct status status;
        if (!walk(rows[i].json, &visits, &status))
            fail_msg("%s: %s", rows[i].json, status.message);
        assert_string_equal(visits.text, rows[i].visits);
    }
}

static void text_that_is_not_json_is_refused(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "",
        "<html>",
        "{\"a\":1} x",
        "{\"a\":1,\"a\":2}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\xff\"}",
        "[1,]",
        "Bad Gateway",
        "tru",
        "nullx",
        "'a'",
    };
    for (size_t i = 0; i < array_length(documents); i++) {
        struct visits visits = {0};
        struct status status;
        assert_false(walk(documents[i], &visits, &status));
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    }
}

static void a_visitor_can_end_the_visits_but_not_the_check(void **state)
{
    (void)state;
    struct visits visits = {.most = 2};
    struct status status;
    assert_true(walk("{\"a\":1,\"b\":2,\"c\":[3,{\"d\":4}]}", &visits, &status));
    assert_string_equal(visits.text, "a=1;b=2;");
    visits = (struct visits){.most = 1};
    assert_false(walk("{\"a\":1,\"b\":2", &visits, &status));
}

static void levels_are_bounded(void **state)
{
    (void)state;
    char deep[400] = "";
    memset(deep, '[', 300);
    struct visits visits = {0};
    struct status status;
    assert_false(walk(deep, &visits, &status));
    assert_non_null(strstr(status.message, "too many levels at byte 65"));
}

static void memory_is_bounded(void **state)
{
    (void)state;
    static const struct json_limits limits;
    char name[200], json[256], wanted[256];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(json, sizeof json, "{\"a\":[{\"%s\":\"d\"}]}", name);
    snprintf(wanted, sizeof wanted, "a[0].%s='d';", name);
    bool good = false;
    for (size_t limit = 0; !good; limit += 16) {
        struct visits visits = {0};
        struct status status;
        struct arena arena;
        arena_init(&arena, limit);
        good = json_visit(text_of(json), &limits, &arena, visit, &visits, &status);
        arena_clear(&arena);
        assert_true(good || status.code == STATUS_RESOURCE_EXHAUSTED);
        assert_string_equal(visits.text, visits.count ? wanted : "");
        assert_true(limit < 65536);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_and_numbers_are_visited_with_their_paths),
        cmocka_unit_test(text_that_is_not_json_is_refused),
        cmocka_unit_test(a_visitor_can_end_the_visits_but_not_the_check),
        cmocka_unit_test(levels_are_bounded),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
