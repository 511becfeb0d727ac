/* SPDX-License-Identifier: MIT */
/* Does --help fit a terminal of 80 columns, with the allowed values and default of each option? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "config/config.h"
#include "config/print.h"
#include "config/value.h"

#include "base/banned.h"

static void expect_wrapped(const char *text, size_t first, size_t others, const char *expected)
{
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 1 << 16);
    buffer_init(&out, &arena, 0);
    print_wrapped(text_of(text), first, others, &out);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.at, expected);
    arena_clear(&arena);
}

static void a_line_is_broken_in_front_of_the_word_that_would_pass_80_columns(void **state)
{
    (void)state;
#define TEN "123456789 "
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN
    expect_wrapped("word", 2, 6, "  word\n");
    expect_wrapped(SEVENTY "0123456789", 0, 2, SEVENTY "0123456789\n");
    expect_wrapped(SEVENTY "01234567890", 0, 2,
                   "123456789 123456789 123456789 123456789 123456789 123456789 123456789\n"
                   "  01234567890\n");
    expect_wrapped(SEVENTY "01234567é9", 0, 2, SEVENTY "01234567é9\n");
}

static void an_option_is_printed_with_its_allowed_values_default_and_meaning(void **state)
{
    (void)state;
    static const struct option options[] = {
        {"First", "count", &value_count, 0, 1, 9, "5", "how many"},
        {"First", "fast", &value_switch, 8, 0, 0, "false", "without pauses"},
        {"Second", "file", &value_file, 16, 0, 0, NULL, "the input"},
    };
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 1 << 16);
    buffer_init(&out, &arena, 0);
    print_options(options, array_length(options), &out);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.at, "First:\n"
                                "  --count NUMBER (1 to 9; default 5)\n"
                                "      how many\n"
                                "  --fast\n"
                                "      without pauses\n"
                                "\n"
                                "Second:\n"
                                "  --file FILE (path of a readable file)\n"
                                "      the input\n");
    arena_clear(&arena);
}

static void no_line_of_help_is_wider_than_80_columns(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 1 << 20);
    buffer_init(&out, &arena, 0);
    config_write_help(&out);
    buffer_add_char(&out, '\0');
    for (char *rest = out.at, *line; (line = strsep(&rest, "\n"));)
        if (text_code_points(text_of(line)) > PRINT_COLUMNS)
            fail_msg("%s", line);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_broken_in_front_of_the_word_that_would_pass_80_columns),
        cmocka_unit_test(an_option_is_printed_with_its_allowed_values_default_and_meaning),
        cmocka_unit_test(no_line_of_help_is_wider_than_80_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
