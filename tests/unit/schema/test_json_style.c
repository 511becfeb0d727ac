/* SPDX-License-Identifier: MIT */
/* Is the JSON style of a file the one that its option chooses, and APIG's without one? */
#include "schema/json_style.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/banned.h"

/* The tag of apig_sidecar.json in FileOptions, number 50174, and the size of the option. */
#define OPTION(size) "\xf2\xbf\x18" size

static void each_part_of_the_option_is_read(void **state)
{
    (void)state;
    static const struct {
        struct text options;
        const char *described;
    } rows[] = {
        {{"", 0}, ""},
        {{OPTION("\x00"), 4}, ""},
        {{OPTION("\x02") "\x08\x01", 6}, "json_names"},
        {{OPTION("\x02") "\x10\x01", 6}, "enum_names"},
        {{OPTION("\x02") "\x18\x01", 6}, "int64_strings"},
        {{OPTION("\x06") "\x08\x01\x10\x01\x18\x01", 10}, "json_names, enum_names, int64_strings"},
        {{OPTION("\x02") "\x08\x01" OPTION("\x02") "\x18\x01", 12}, "json_names, int64_strings"},
        {{OPTION("\x04") "\x08\x01\x08\x00", 8}, ""},
        {{"\x0a\x01x" OPTION("\x02") "\x10\x01", 9}, "enum_names"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        struct json_style style;
        struct status status;
        struct buffer described;
        arena_init(&arena, 1024);
        buffer_init(&described, &arena, 0);
        if (!json_style_read(rows[i].options, &arena, &style, &status))
            fail_msg("row %zu: %s", i, status.message);
        json_style_describe(&style, &described);
        if (!text_equal(buffer_text(&described), text_of(rows[i].described)))
            fail_msg("row %zu: %.*s", i, text_arguments(buffer_text(&described)));
        assert_false(style.indented);
        arena_clear(&arena);
    }
}

static void an_option_that_is_not_known_is_refused(void **state)
{
    (void)state;
    static const struct text bad[] = {
        {OPTION("\x02") "\x20\x01", 6}, /* a fourth part */
        {OPTION("\x02") "\x0a\x00", 6}, /* a text */
        {OPTION("\x01") "\x08", 5},     /* no value */
    };
    for (size_t i = 0; i < array_length(bad); i++) {
        struct arena arena;
        struct json_style style;
        struct status status;
        arena_init(&arena, 1024);
        assert_false(json_style_read(bad[i], &arena, &style, &status));
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        arena_clear(&arena);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_of_the_option_is_read),
        cmocka_unit_test(an_option_that_is_not_known_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
