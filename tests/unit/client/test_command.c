/* SPDX-License-Identifier: MIT */
/* Is a command line with a word's own flags among serve's options read as it was meant? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "client/command.h"

#include "base/banned.h"

static bool set_wait(struct command *command, const char *value, struct status *status)
{
    (void)status;
    assert_null(value);
    command->waits = true;
    return true;
}

static bool set_timeout(struct command *command, const char *value, struct status *status)
{
    return config_duration_parse(text_of(value), &command->timeout_ns, status);
}

static const struct command_option flags[] = {
    {"--wait", NULL, set_wait, "until it has ended"},
    {"--timeout", "DURATION", set_timeout, "how long"},
};

static const struct command_usage usage = {"usage", "meaning", flags, array_length(flags)};

static bool read(struct command *command, int count, const char *const arguments[],
                 struct status *status)
{
    *command = (struct command){.timeout_ns = 1};
    return command_read(command, &usage, count, (char **)(uintptr_t)arguments, status);
}

static void flags_and_options_stand_in_any_order(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--monitor", "unix:/a", "--timeout=5s",
                                            "--wait",    "--admin", "127.0.0.1:7"};
    struct command command;
    struct status status;
    assert_true(read(&command, array_length(arguments), arguments, &status));
    assert_string_equal(command.config.monitor.unix_path, "/a");
    assert_int_equal(command.config.admin.port, 7);
    assert_int_equal(command.timeout_ns, 5 * CLOCK_NS_PER_S);
    assert_true(command.waits);
    command_clear(&command);
}

static void without_arguments_the_defaults_remain(void **state)
{
    (void)state;
    struct command command;
    struct status status;
    assert_true(read(&command, 0, NULL, &status));
    assert_int_equal(command.config.monitor.port, 9090);
    assert_int_equal(command.timeout_ns, 1);
    assert_false(command.waits || command.wants_help);
    command_clear(&command);
}

static void a_value_follows_its_flag(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--timeout", "7ms"};
    struct command command;
    struct status status;
    assert_true(read(&command, array_length(arguments), arguments, &status));
    assert_int_equal(command.timeout_ns, 7 * CLOCK_NS_PER_MS);
    command_clear(&command);
}

static void what_cannot_be_read_is_told_by_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[2];
        int count;
        const char *told;
    } cases[] = {
        {{"--timeout"}, 1, "--timeout: a value has to follow"},
        {{"--timeout", "--wait"}, 2, "--timeout: a value has to follow"},
        {{"--wait=yes"}, 1, "--wait: it takes no value"},
        {{"--timeout=soon"}, 1, "--timeout: "},
        {{"--monitor=nowhere"}, 1, "--monitor: "},
        {{"--no-such"}, 1, "--no-such: no such option"},
        {{"word"}, 1, "\"word\" is no option"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct command command;
        struct status status;
        assert_false(read(&command, cases[i].count, cases[i].arguments, &status));
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        assert_memory_equal(status.message, cases[i].told, strlen(cases[i].told));
        command_clear(&command);
    }
}

static void help_is_wanted_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--wait", "--help", "--no-such"};
    struct command command;
    struct status status;
    assert_true(read(&command, array_length(arguments), arguments, &status));
    assert_true(command.wants_help);
    command_clear(&command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_and_options_stand_in_any_order),
        cmocka_unit_test(without_arguments_the_defaults_remain),
        cmocka_unit_test(a_value_follows_its_flag),
        cmocka_unit_test(what_cannot_be_read_is_told_by_its_name),
        cmocka_unit_test(help_is_wanted_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
