/* SPDX-License-Identifier: MIT */
/* Are the values of each kind read and written as documented? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "config/options.h"
#include "config/value.h"

#include "given.h"

static void quantities_have_units(void **state)
{
    (void)state;
    struct config config;
    given_good(&config,
               "--max-message=4096 --max-response=2MiB --max-metadata=3KiB --drain-delay=250ms "
               "--drain-timeout=1m --max-age=24h --max-deadline=1h --idle-timeout=0s",
               "");
    assert_int_equal(config.max_message_bytes, 4096);
    assert_int_equal(config.max_response_bytes, 2 << 20);
    assert_int_equal(config.max_metadata_bytes, 3 << 10);
    assert_true(config.drain_delay_ns == 250 * CLOCK_NS_PER_MS);
    assert_true(config.drain_timeout_ns == 60 * CLOCK_NS_PER_S);
    assert_true(config.max_age_ns == 24 * 3600 * CLOCK_NS_PER_S);
    assert_true(config.max_deadline_ns == 3600 * CLOCK_NS_PER_S);
    config_clear(&config);
}

static void a_wrong_value_is_refused_with_the_allowed_ones(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"--deadline=soon", "--deadline: \"soon\"", "1ms to 24h"},
        {"--deadline=30", "\"30\"", "1ms to 24h"},
        {"--deadline=-1s", "\"-1s\"", "1ms to 24h"},
        {"--deadline=1.5s", "\"1.5s\"", "1ms to 24h"},
        {"--deadline=s", "\"s\"", "1ms to 24h"},
        {"--deadline=0s", "\"0s\"", "1ms to 24h"},
        {"--max-deadline=25h", "\"25h\"", "1ms to 24h"},
        {"--max-deadline=99999999999999999999h", "--max-deadline", "1ms to 24h"},
        {"--max-deadline=5124096h", "--max-deadline", "1ms to 24h"},
        {"--max-message=1XB", "\"1XB\"", "1 to 256MiB"},
        {"--max-message=1mib", "\"1mib\"", "1 to 256MiB"},
        {"--max-message=0", "\"0\"", "1 to 256MiB"},
        {"--max-message=257MiB", "\"257MiB\"", "1 to 256MiB"},
        {"--max-metadata=49KiB", "\"49KiB\"", "48KiB"},
        {"--max-in-flight=1k", "\"1k\"", "1 to 1000000"},
        {"--upstream-loops=65", "\"65\"", "1 to 64"},
        {"--upstream-rate=-1", "\"-1\"", "0, or 1/24h to 1000000/s, such as 5, 0.5/s or 200/5m"},
        {"--upstream-rate=5/", "\"5/\"", "0, or 1/24h to 1000000/s, such as 5, 0.5/s or 200/5m"},
        {"--upstream-rate=5/0s", "\"5/0s\"",
         "0, or 1/24h to 1000000/s, such as 5, 0.5/s or 200/5m"},
        {"--upstream-rate=1000001", "\"1000001\"",
         "0, or 1/24h to 1000000/s, such as 5, 0.5/s or 200/5m"},
        {"--upstream-rate=0.9/24h", "\"0.9/24h\"",
         "0, or 1/24h to 1000000/s, such as 5, 0.5/s or 200/5m"},
        {"--log-sample=1.01", "\"1.01\"", "0 to 1"},
        {"--log-sample=nan", "\"nan\"", "0 to 1"},
        {"--log-sample=1e1", "\"1e1\"", "0 to 1"},
        {"--log-sample=-0", "\"-0\"", "0 to 1"},
        {"--log-sample=0..1", "\"0..1\"", "0 to 1"},
        {"--log-level=INFO", "\"INFO\"", "debug, info, warning or error"},
        {"--log-format=xml", "\"xml\"", "json or text"},
        {"--listen=127.0.0.1", "\"127.0.0.1\"", "host:port"},
        {"--listen=127.0.0.1:1,,127.0.0.1:2", "--listen", "host:port"},
        {"--monitor=nowhere", "\"nowhere\"", "host:port"},
        {"--region=CN", "\"CN\"", "cn-north-4"},
        {"--project-id=a\tb", "--project-id", "control characters"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        given_refused(rows[i][0], "", rows[i][1], rows[i][2]);
}

static void a_newline_at_the_end_of_a_variable_is_refused(void **state)
{
    (void)state;
    given_refused("", "APIG_SIDECAR_PROJECT_ID=0123\n", "APIG_SIDECAR_PROJECT_ID",
                  "control characters");
}

/* True when the text has that line, however wide its columns are. */
static bool has_line(struct text text, const char *line)
{
    char squeezed[8192] = "\n", wanted[256];
    size_t used = 1;
    assert_true(text.size < sizeof squeezed - 1);
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != ' ' || squeezed[used - 1] != ' ')
            squeezed[used++] = text.data[i];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    return memmem(squeezed, used, wanted, strlen(wanted));
}

static void a_value_in_force_is_printed_with_its_origin(void **state)
{
    (void)state;
    struct config config;
    struct arena arena;
    struct buffer out;
    given_good(&config,
               "--listen=127.0.0.1:1 --listen=unix:/s,[::1]:2 --deadline=90s "
               "--upstream-rate=200/5m --log-sample=0.25 "
               "--max-message=1024 --region=eu-west-101",
               "APIG_SIDECAR_LOG_LEVEL=debug APIG_SIDECAR_PROJECT_ID=p");
    arena_init(&arena, 1 << 20);
    buffer_init(&out, &arena, 0);
    config_write_resolved(&config, &out);
    struct text text = buffer_text(&out);
    assert_true(has_line(text, "--listen 127.0.0.1:1,unix:/s,[::1]:2 flag"));
    assert_true(has_line(text, "--upstream https://apig.eu-west-101.myhuaweicloud.eu flag"));
    assert_true(has_line(text, "--deadline 90s flag"));
    assert_true(has_line(text, "--max-message 1KiB flag"));
    assert_true(has_line(text, "--log-sample 0.25 flag"));
    assert_true(has_line(text, "--upstream-rate 200/5m flag"));
    assert_true(has_line(text, "--log-level debug variable"));
    assert_true(has_line(text, "--project-id p variable"));
    assert_true(has_line(text, "--instance-id - default"));
    assert_true(has_line(text, "--idle-timeout 0s default"));
    assert_true(has_line(text, "--allow-public-plaintext false default"));
    arena_clear(&arena);
    config_clear(&config);
}

static void the_least_rate_is_a_call_a_day(void **state)
{
    (void)state;
    struct config config;
    given_good(&config, "--upstream-rate=1/24h", "");
    assert_true(config.upstream_rate.calls == 1 && config.upstream_rate.window_ns == VALUE_DAY);
    config_clear(&config);
}

static void every_option_is_in_help_and_in_readmes_table(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer help, table;
    arena_init(&arena, 1 << 20);
    buffer_init(&help, &arena, 0);
    buffer_init(&table, &arena, 0);
    config_write_help(&help);
    config_write_markdown(&table);
    for (size_t i = 0; i < config_option_count; i++) {
        char flag[OPTION_SPELLED_BYTES], entry[OPTION_SPELLED_BYTES + 8];
        option_spell(&config_options[i], ORIGIN_FLAG, flag);
        snprintf(entry, sizeof entry, "\n  %s%s", flag,
                 config_options[i].kind->argument ? " " : "\n");
        assert_non_null(memmem(help.at, help.bytes, entry, strlen(entry)));
        snprintf(entry, sizeof entry, "| `%s` |", flag);
        assert_non_null(memmem(table.at, table.bytes, entry, strlen(entry)));
    }
    arena_clear(&arena);
}

static void a_printed_value_can_be_read_again(void **state)
{
    (void)state;
    struct config config, again;
    struct status status;
    struct arena arena;
    given_good(&config,
               "--listen=[::1]:7,unix:/a --drain-delay=1500ms --log-sample=0.00000001 "
               "--upstream-rate=0.00002",
               "");
    given_good(&again, "", "");
    arena_init(&arena, 1 << 20);
    again.listen_count = 0;
    for (size_t i = 0; i < config_option_count; i++) {
        struct buffer written, rewritten;
        buffer_init(&written, &arena, 0);
        buffer_init(&rewritten, &arena, 0);
        const struct option *option = &config_options[i];
        option->kind->write(option, (const char *)&config + option->member, &written);
        buffer_add_char(&written, '\0');
        if (strcmp(written.at, "-") == 0)
            continue;
        void *member = (char *)&again + option->member;
        if (!value_read(option, written.at, member, &arena, &status))
            fail_msg("--%s: %s", option->name, status.message);
        option->kind->write(option, member, &rewritten);
        buffer_add_char(&rewritten, '\0');
        assert_string_equal(written.at, rewritten.at);
    }
    arena_clear(&arena);
    config_clear(&again);
    config_clear(&config);
}

static void a_wrong_unit_is_explained(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"--deadline=5", "\"5\": the unit is missing: ms, s, m or h; allowed"},
        {"--max-message=1MB", "\"1MB\": the units are KiB, MiB and GiB; allowed"},
        {"--max-message=1k", "\"1k\": the units are KiB, MiB and GiB; allowed"},
        {"--max-message=1mib", "\"1mib\": the units are KiB, MiB and GiB; allowed"},
        {"--deadline=5x", "\"5x\": allowed"},
        {"--max-message=257MiB", "\"257MiB\": allowed"},
        {"--max-message=many", "\"many\": allowed"},
        {"--max-message=0", "\"0\": allowed"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        given_refused(rows[i][0], "", rows[i][1], "");
}

static void the_allowed_value_of_a_file_option_is_a_path(void **state)
{
    (void)state;
    given_refused("--token-file=a\tb", "", "--token-file: \"a?b\"", "path of a readable file");
    given_refused("--keys=a\tb", "", "--keys: \"a?b\"", "path of a readable folder or file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantities_have_units),
        cmocka_unit_test(a_wrong_value_is_refused_with_the_allowed_ones),
        cmocka_unit_test(a_newline_at_the_end_of_a_variable_is_refused),
        cmocka_unit_test(a_value_in_force_is_printed_with_its_origin),
        cmocka_unit_test(the_least_rate_is_a_call_a_day),
        cmocka_unit_test(every_option_is_in_help_and_in_readmes_table),
        cmocka_unit_test(a_printed_value_can_be_read_again),
        cmocka_unit_test(a_wrong_unit_is_explained),
        cmocka_unit_test(the_allowed_value_of_a_file_option_is_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
