/* SPDX-License-Identifier: MIT */
/* Are the command lines of `health`, `wait` and `shutdown` read, with the sidecar's options among
 * their own? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "client/health.h"
#include "client/shutdown.h"
#include "client/wait.h"

#include "base/banned.h"

static const struct command *const commands[] = {&health_command, &wait_command, &shutdown_command};

static char *no_variables[] = {NULL};

/* NULL ends the arguments. */
static bool read(const struct command *command, const char *const *arguments, struct config *config,
                 void *values, struct status *status)
{
    struct command_line line = {.arguments = (char *const *)(uintptr_t)arguments,
                                .environment = no_variables};
    while (arguments[line.count])
        line.count++;
    return command_read(command, &line, config, values, status);
}

static void read_well(const struct command *command, const char *const *arguments,
                      struct config *config, void *values)
{
    struct status status;
    if (!read(command, arguments, config, values, &status))
        fail_msg("%s", status.message);
}

static void options_of_command_and_sidecar_stand_in_any_order(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--monitor", "unix:/a",    "--timeout=5s",
                                            "--wait",    "--admin",    "127.0.0.1:7",
                                            "--region",  "cn-north-4", NULL};
    struct config config;
    struct shutdown_options given;
    read_well(&shutdown_command, arguments, &config, &given);
    assert_string_equal(config.monitor.unix_path, "/a");
    assert_int_equal(config.admin.port, 7);
    assert_int_equal(given.timeout_ns, 5 * CLOCK_NS_PER_S);
    assert_true(given.wait);
    config_clear(&config);
}

static void shutdown_without_arguments_does_not_wait(void **state)
{
    (void)state;
    struct config config;
    struct shutdown_options given;
    read_well(&shutdown_command, (const char *const[]){NULL}, &config, &given);
    assert_int_equal(config.admin.port, 9091);
    assert_int_equal(given.timeout_ns, 60 * CLOCK_NS_PER_S);
    assert_false(given.wait);
    config_clear(&config);
}

static void wait_has_a_timeout_of_a_minute_unless_it_is_given(void **state)
{
    (void)state;
    struct config config;
    struct wait_options given;
    read_well(&wait_command, (const char *const[]){NULL}, &config, &given);
    assert_int_equal(given.timeout_ns, 60 * CLOCK_NS_PER_S);
    config_clear(&config);
    read_well(&wait_command, (const char *const[]){"--timeout", "7ms", NULL}, &config, &given);
    assert_int_equal(given.timeout_ns, 7 * CLOCK_NS_PER_MS);
    config_clear(&config);
}

static void health_asks_the_page_of_its_flag(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[2];
        const char *page;
    } rows[] = {{{NULL}, "/readyz"},
                {{"--ready", NULL}, "/readyz"},
                {{"--live", NULL}, "/livez"},
                {{"--started", NULL}, "/startupz"}};
    for (size_t i = 0; i < array_length(rows); i++) {
        struct config config;
        struct health_options given;
        struct status status;
        const char *page;
        read_well(&health_command, rows[i].arguments, &config, &given);
        assert_true(health_page(&given, &page, &status));
        assert_string_equal(page, rows[i].page);
        assert_int_equal(given.timeout_ns, 2 * CLOCK_NS_PER_S);
        config_clear(&config);
    }
}

static void health_refuses_two_questions_at_once(void **state)
{
    (void)state;
    struct status status;
    const char *page;
    assert_false(
        health_page(&(struct health_options){.live = true, .started = true}, &page, &status));
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(status.message, "--live"));
}

static void a_wrong_argument_is_refused_by_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[3];
        const char *begin;
    } rows[] = {
        {{"--timeout", NULL}, "--timeout: its value is missing"},
        {{"--timeout", "--admin", NULL}, "--timeout: its value is missing"},
        {{"--timeout=soon", NULL}, "--timeout: \"soon\": allowed is 1ms to 24h"},
        {{"--timeout=5", NULL}, "--timeout: \"5\": the unit is missing"},
        {{"--monitor=nowhere", NULL}, "--monitor: \"nowhere\": allowed is host:port"},
        {{"--timeuot=1s", NULL}, "--timeuot: no such option; did you mean --timeout?"},
        {{"word", NULL}, "\"word\" is not an option"},
    };
    for (size_t i = 0; i < array_length(commands) * array_length(rows); i++) {
        const char *begin = rows[i % array_length(rows)].begin;
        struct config config;
        union {
            struct health_options health;
            struct wait_options wait;
            struct shutdown_options shutdown;
        } values;
        struct status status;
        assert_false(read(commands[i / array_length(rows)], rows[i % array_length(rows)].arguments,
                          &config, &values, &status));
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        if (strncmp(status.message, begin, strlen(begin)) != 0)
            fail_msg("%s", status.message);
        config_clear(&config);
    }
}

static void help_has_the_commands_own_options_and_where_the_sidecar_is(void **state)
{
    (void)state;
    static const char *const address[] = {"  --monitor ADDRESS", "  --monitor ADDRESS",
                                          "  --admin ADDRESS"};
    for (size_t i = 0; i < array_length(commands); i++) {
        struct arena arena;
        struct buffer out;
        arena_init(&arena, 1 << 16);
        buffer_init(&out, &arena, 0);
        command_write_help(commands[i], &out);
        buffer_add_char(&out, '\0');
        assert_memory_equal(out.at, "apig-sidecar ", 13);
        assert_memory_equal(out.at + 13, commands[i]->name, strlen(commands[i]->name));
        assert_non_null(strstr(out.at, "  --timeout DURATION (1ms to 24h; default "));
        assert_non_null(strstr(out.at, address[i]));
        arena_clear(&arena);
    }
}

static void expect_printed(struct text line, const char *expected)
{
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    assert_non_null(out);
    command_print(out, "> ", line);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(printed, expected);
    free(printed);
}

static void control_characters_of_a_line_are_printed_as_question_marks(void **state)
{
    (void)state;
    expect_printed(text_literal("a\033[2J\nb\x7f"), "> a?[2J?b?\n");
}

static void a_line_of_any_length_is_printed(void **state)
{
    (void)state;
    static char expected[(3 << 20) + 4];
    memset(expected, 'x', sizeof expected - 2);
    expected[0] = '>';
    expected[1] = ' ';
    expected[sizeof expected - 2] = '\n';
    expect_printed((struct text){expected + 2, 3 << 20}, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_of_command_and_sidecar_stand_in_any_order),
        cmocka_unit_test(shutdown_without_arguments_does_not_wait),
        cmocka_unit_test(wait_has_a_timeout_of_a_minute_unless_it_is_given),
        cmocka_unit_test(health_asks_the_page_of_its_flag),
        cmocka_unit_test(health_refuses_two_questions_at_once),
        cmocka_unit_test(a_wrong_argument_is_refused_by_its_name),
        cmocka_unit_test(help_has_the_commands_own_options_and_where_the_sidecar_is),
        cmocka_unit_test(control_characters_of_a_line_are_printed_as_question_marks),
        cmocka_unit_test(a_line_of_any_length_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
