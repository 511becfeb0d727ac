/* SPDX-License-Identifier: MIT */
/* Is the command line of `call` read as written, and is a wrong one refused? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/call_options.h"

#define WORDS 40

/* NULL ends the words. */
static bool read_options(struct call_options *options, const char *const *words,
                         struct arena *arena, struct status *status)
{
    char *arguments[WORDS];
    int count = 0;
    while (words[count] && count < WORDS) {
        arguments[count] = (char *)(uintptr_t)words[count];
        count++;
    }
    return call_options_read(options, count, arguments, arena, status);
}

static void expect_refusal(const char *const *words, const char *first, const char *second)
{
    struct arena arena;
    struct call_options options;
    struct status status;
    arena_init(&arena, 1 << 20);
    if (read_options(&options, words, &arena, &status))
        fail_msg("%s … is not refused", words[0] ? words[0] : "nothing");
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_null(strchr(status.message, '\n'));
    if (!strstr(status.message, first) || !strstr(status.message, second))
        fail_msg("%s", status.message);
    arena_clear(&arena);
}

static void expect_target(const struct call_options *options, const char *expected)
{
    struct arena arena;
    arena_init(&arena, 1 << 16);
    assert_string_equal(call_options_target(options, &arena), expected);
    arena_clear(&arena);
}

static void a_method_alone_is_called_at_the_default_target_with_the_message_of_stdin(void **state)
{
    (void)state;
    struct arena arena;
    struct call_options options;
    struct status status;
    arena_init(&arena, 1 << 20);
    assert_true(read_options(&options, (const char *const[]){"Create", NULL}, &arena, &status));
    assert_string_equal(options.method, "Create");
    assert_string_equal(options.message, "-");
    expect_target(&options, "dns:127.0.0.1:50051");
    assert_true(options.deadline_ns == 30 * CLOCK_NS_PER_S);
    assert_null(options.descriptor_set);
    assert_int_equal(options.metadata.count, 0);
    arena_clear(&arena);
}

static void options_and_words_come_in_any_order(void **state)
{
    (void)state;
    static const char *const words[] = {
        "--deadline",         "500ms",      "Create",   "--metadata=a=b=c", "{}",
        "--target=unix:/s",   "--metadata", "x-y.z_1=", "--target",         "[::1]:7",
        "--descriptor-set=f", NULL};
    struct arena arena;
    struct call_options options;
    struct status status;
    arena_init(&arena, 1 << 20);
    assert_true(read_options(&options, words, &arena, &status));
    assert_string_equal(options.method, "Create");
    assert_string_equal(options.message, "{}");
    expect_target(&options, "dns:[::1]:7");
    assert_true(options.deadline_ns == 500 * CLOCK_NS_PER_MS);
    assert_string_equal(options.descriptor_set, "f");
    assert_int_equal(options.metadata.count, 2);
    assert_string_equal(options.metadata.entries[0].name, "a");
    assert_string_equal(options.metadata.entries[0].value, "b=c");
    assert_string_equal(options.metadata.entries[1].name, "x-y.z_1");
    assert_string_equal(options.metadata.entries[1].value, "");
    arena_clear(&arena);
}

static void a_unix_socket_is_a_target(void **state)
{
    (void)state;
    struct arena arena;
    struct call_options options;
    struct status status;
    arena_init(&arena, 1 << 20);
    assert_true(read_options(&options, (const char *const[]){"--target=unix:/s", "M", NULL}, &arena,
                             &status));
    expect_target(&options, "unix:/s");
    arena_clear(&arena);
}

static void a_wrong_command_line_is_refused_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *first, *second;
    } rows[] = {
        {{NULL}, "method", ""},
        {{"--deadline=1s", NULL}, "method", ""},
        {{"M", "{}", "more", NULL}, "\"more\"", "too many"},
        {{"--deadline=soon", "M", NULL}, "--deadline", "soon"},
        {{"--deadline=5", "M", NULL}, "--deadline", "the unit is missing"},
        {{"--target=x", "M", NULL}, "--target", "host:port"},
        {{"M", "--target", NULL}, "--target", "value"},
        {{"M", "--target", "--deadline=1s", NULL}, "--target", "value"},
        {{"--targt=x", "M", NULL}, "--targt", "--target"},
        {{"--upstream=x", "M", NULL}, "--upstream: no such option", ""},
        {{"--", "M", NULL}, "--: no such option", ""},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        expect_refusal(rows[i].words, rows[i].first, rows[i].second);
}

/* C-core would refuse the whole call, or take an entry for its own. */
static void metadata_that_grpc_would_not_send_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "a",        "=b",     "A=b",       "a b=c", ":path=/", "é=b", "grpc-timeout=1S",
        "a=hush\t", "a=\x7f", "a=\xc3\xa9"};
    for (size_t i = 0; i < array_length(wrong); i++)
        expect_refusal((const char *const[]){"--metadata", wrong[i], "M", NULL}, "--metadata",
                       "name=value");
}

static void a_value_of_metadata_is_not_shown_in_a_message(void **state)
{
    (void)state;
    struct arena arena;
    struct call_options options;
    struct status status;
    arena_init(&arena, 1 << 20);
    assert_false(read_options(&options, (const char *const[]){"--metadata=X=hush", "M", NULL},
                              &arena, &status));
    assert_non_null(strstr(status.message, "\"X\""));
    assert_null(strstr(status.message, "hush"));
    arena_clear(&arena);
}

static void a_thirty_third_entry_of_metadata_is_refused(void **state)
{
    (void)state;
    const char *words[WORDS] = {"M"};
    for (size_t i = 1; i <= CALL_OPTIONS_METADATA; i++)
        words[i] = "--metadata=a=b";
    struct arena arena;
    struct call_options options;
    struct status status;
    arena_init(&arena, 1 << 20);
    assert_true(read_options(&options, words, &arena, &status));
    assert_int_equal(options.metadata.count, CALL_OPTIONS_METADATA);
    arena_clear(&arena);
    words[CALL_OPTIONS_METADATA + 1] = "--metadata=a=b";
    expect_refusal(words, "--metadata", "32");
}

static void the_message_comes_from_the_command_line_or_a_file(void **state)
{
    (void)state;
    char path[] = "@/tmp/order-XXXXXX";
    int fd = mkstemp(path + 1);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "{\"a\":1}", 7), 7);
    close(fd);
    struct arena arena;
    struct status status;
    struct text json;
    arena_init(&arena, 1 << 20);
    assert_true(
        call_options_message(&(struct call_options){.message = "{}"}, &arena, &json, &status));
    assert_true(text_equal(json, text_literal("{}")));
    assert_true(
        call_options_message(&(struct call_options){.message = path}, &arena, &json, &status));
    assert_true(text_equal(json, text_literal("{\"a\":1}")));
    unlink(path + 1);
    assert_false(
        call_options_message(&(struct call_options){.message = path}, &arena, &json, &status));
    assert_non_null(strstr(status.message, path + 1));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_alone_is_called_at_the_default_target_with_the_message_of_stdin),
        cmocka_unit_test(options_and_words_come_in_any_order),
        cmocka_unit_test(a_unix_socket_is_a_target),
        cmocka_unit_test(a_wrong_command_line_is_refused_in_one_line),
        cmocka_unit_test(metadata_that_grpc_would_not_send_is_refused),
        cmocka_unit_test(a_value_of_metadata_is_not_shown_in_a_message),
        cmocka_unit_test(a_thirty_third_entry_of_metadata_is_refused),
        cmocka_unit_test(the_message_comes_from_the_command_line_or_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
