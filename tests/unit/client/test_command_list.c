/* SPDX-License-Identifier: MIT */
/* Is a command found by its name, and does an unknown one give a useful message? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "client/command_list.h"

#include "base/banned.h"

static const struct command serve = {.name = "serve", .summary = "serve calls"};
static const struct command health = {.name = "health", .summary = "ask once"};
static const struct command help = {.name = "help", .summary = "print this"};

static const struct command_entry entries[] = {{&serve, NULL}, {&health, NULL}, {&help, NULL}};

static void a_command_is_found_by_its_whole_name(void **state)
{
    (void)state;
    assert_ptr_equal(command_list_find(entries, array_length(entries), "health"), &entries[1]);
    assert_null(command_list_find(entries, array_length(entries), "heal"));
    assert_null(command_list_find(entries, array_length(entries), ""));
}

static void an_unknown_command_is_named_with_a_similar_one_and_all_others(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"srve",
         "\"srve\": no such command; did you mean \"serve\"? The commands are serve, health "
         "and help"},
        {"helth", "\"helth\": no such command; did you mean \"health\"? The commands are serve, "
                  "health and help"},
        {"restart", "\"restart\": no such command; the commands are serve, health and help"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        command_list_unknown(entries, array_length(entries), rows[i][0], &status);
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        assert_string_equal(status.message, rows[i][1]);
    }
}

static void the_overview_has_the_commands_and_the_sidecars_options(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 1 << 20);
    buffer_init(&out, &arena, 0);
    command_list_write_help(entries, array_length(entries), &out);
    buffer_add_char(&out, '\0');
    assert_non_null(strstr(out.at, "\n  serve     serve calls\n  health    ask once\n"));
    assert_non_null(strstr(out.at, "\nCallers:\n  --listen "));
    assert_non_null(strstr(out.at, "APIG_SIDECAR_TOKEN_FILE"));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_found_by_its_whole_name),
        cmocka_unit_test(an_unknown_command_is_named_with_a_similar_one_and_all_others),
        cmocka_unit_test(the_overview_has_the_commands_and_the_sidecars_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
