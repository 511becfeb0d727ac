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

struct trial {
    struct call_options options;
    struct config config;
    struct status status;
    struct arena arena;
};

static int set_up(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    assert_non_null(trial);
    arena_init(&trial->arena, 1 << 20);
    *state = trial;
    return 0;
}

static int tear_down(void **state)
{
    struct trial *trial = *state;
    config_clear(&trial->config);
    arena_clear(&trial->arena);
    free(trial);
    return 0;
}

/* NULL ends the words and the variables. */
static bool read_options(struct trial *trial, const char *const *words,
                         const char *const *variables)
{
    char *arguments[WORDS], *environment[WORDS] = {NULL};
    int count = 0;
    for (; words[count] && count < WORDS; count++)
        arguments[count] = (char *)(uintptr_t)words[count];
    for (size_t i = 0; variables && variables[i]; i++)
        environment[i] = (char *)(uintptr_t)variables[i];
    struct command_line line = {
        .count = count, .arguments = arguments, .environment = environment, .most_operands = 2};
    config_clear(&trial->config);
    return call_options_read(&trial->options, &trial->config, &line, &trial->status);
}

static void expect_refusal(struct trial *trial, const char *const *words, const char *first,
                           const char *second)
{
    if (read_options(trial, words, NULL))
        fail_msg("%s … is not refused", words[0] ? words[0] : "nothing");
    assert_int_equal(trial->status.code, STATUS_INVALID_ARGUMENT);
    assert_null(strchr(trial->status.message, '\n'));
    if (!strstr(trial->status.message, first) || !strstr(trial->status.message, second))
        fail_msg("%s", trial->status.message);
}

static void expect_target(struct trial *trial, const char *expected)
{
    assert_string_equal(call_options_target(&trial->options, &trial->arena), expected);
}

static void a_method_alone_is_called_at_the_default_target_with_the_message_of_stdin(void **state)
{
    struct trial *trial = *state;
    assert_true(read_options(trial, (const char *const[]){"Create", NULL}, NULL));
    assert_string_equal(trial->options.method, "Create");
    assert_string_equal(trial->options.message, "-");
    expect_target(trial, "dns:127.0.0.1:50051");
    assert_true(trial->options.deadline_ns == 30 * CLOCK_NS_PER_S);
    assert_null(trial->options.descriptor_set);
    assert_null(trial->options.serve);
    assert_null(trial->options.ca_file);
    assert_int_equal(trial->options.metadata.count, 0);
}

static void options_and_words_come_in_any_order(void **state)
{
    static const char *const words[] = {
        "--deadline",         "500ms",         "Create",   "--metadata=a=b=c", "{}",
        "--target=unix:/s",   "--metadata",    "x-y.z_1=", "--target",         "[::1]:7",
        "--descriptor-set=f", "--serve=a.B/*", NULL};
    struct trial *trial = *state;
    const struct call_options *options = &trial->options;
    assert_true(read_options(trial, words, NULL));
    assert_string_equal(options->method, "Create");
    assert_string_equal(options->message, "{}");
    expect_target(trial, "dns:[::1]:7");
    assert_true(options->deadline_ns == 500 * CLOCK_NS_PER_MS);
    assert_string_equal(options->descriptor_set, "f");
    assert_true(options->serve == trial->config.serve && options->serve);
    assert_int_equal(options->metadata.count, 2);
    assert_string_equal(options->metadata.entries[0].name, "a");
    assert_string_equal(options->metadata.entries[0].value, "b=c");
    assert_string_equal(options->metadata.entries[1].name, "x-y.z_1");
    assert_string_equal(options->metadata.entries[1].value, "");
}

static void a_unix_socket_is_a_target(void **state)
{
    struct trial *trial = *state;
    assert_true(read_options(trial, (const char *const[]){"--target=unix:/s", "M", NULL}, NULL));
    expect_target(trial, "unix:/s");
}

static void without_a_target_the_sidecars_own_variable_says_where_it_listens(void **state)
{
    static const struct {
        const char *variable, *target;
    } rows[] = {
        {"APIG_SIDECAR_LISTEN=unix:/run/apig/apig.sock", "unix:/run/apig/apig.sock"},
        {"APIG_SIDECAR_LISTEN=0.0.0.0:7,127.0.0.1:8", "dns:127.0.0.1:7"},
        {"APIG_SIDECAR_LISTEN=[::]:7", "dns:[::1]:7"},
        {"APIG_SIDECAR_DEADLINE=5s", "dns:127.0.0.1:50051"},
    };
    struct trial *trial = *state;
    for (size_t i = 0; i < array_length(rows); i++) {
        assert_true(read_options(trial, (const char *const[]){"M", NULL},
                                 (const char *const[]){rows[i].variable, NULL}));
        expect_target(trial, rows[i].target);
        assert_true(trial->options.deadline_ns == 30 * CLOCK_NS_PER_S);
    }
}

static void a_sidecar_that_speaks_tls_needs_a_ca(void **state)
{
    static const char *const variables[] = {"APIG_SIDECAR_TLS_CERT_FILE=c",
                                            "APIG_SIDECAR_TLS_KEY_FILE=k", NULL};
    struct trial *trial = *state;
    assert_false(read_options(trial, (const char *const[]){"M", NULL}, variables));
    assert_non_null(strstr(trial->status.message, "--ca-file"));
    assert_true(read_options(trial, (const char *const[]){"--ca-file=a", "M", NULL}, variables));
    assert_string_equal(trial->options.ca_file, "a");
    assert_true(
        read_options(trial, (const char *const[]){"--target=127.0.0.1:1", "M", NULL}, variables));
    assert_true(
        read_options(trial, (const char *const[]){"--listen=unix:/s", "M", NULL}, variables));
}

static void a_wrong_command_line_is_refused_in_one_line(void **state)
{
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
        {{"--target=127.0.0.1:0", "M", NULL}, "--target", "port 0"},
        {{"--listen=127.0.0.1:0", "M", NULL}, "--listen", "port 0"},
        {{"M", "--target", NULL}, "--target", "value"},
        {{"M", "--target", "--deadline=1s", NULL}, "--target", "value"},
        {{"--targt=x", "M", NULL}, "--targt", "--target"},
        {{"--nothing-like-it=x", "M", NULL}, "--nothing-like-it: no such option", ""},
        {{"--", "M", NULL}, "--: no such option", ""},
        {{"--ca-file=a", "--cert-file=c", "M", NULL}, "--cert-file", "--key-file"},
        {{"--ca-file=a", "--key-file=k", "M", NULL}, "--cert-file", "--key-file"},
        {{"--cert-file=c", "--key-file=k", "M", NULL}, "--cert-file", "--ca-file"},
        {{"--server-name=s", "M", NULL}, "--server-name", "--ca-file"},
        {{"--ca-file=a", "--target=unix:/s", "M", NULL}, "--ca-file", "Unix socket"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        expect_refusal(*state, rows[i].words, rows[i].first, rows[i].second);
}

/* C-core would refuse the whole call, or take an entry for its own. */
static void metadata_that_grpc_would_not_send_is_refused(void **state)
{
    static const char *const wrong[] = {
        "a",        "=b",     "A=b",       "a b=c", ":path=/", "é=b", "grpc-timeout=1S",
        "a=hush\t", "a=\x7f", "a=\xc3\xa9"};
    for (size_t i = 0; i < array_length(wrong); i++)
        expect_refusal(*state, (const char *const[]){"--metadata", wrong[i], "M", NULL},
                       "--metadata", "name=value");
}

static void a_value_of_metadata_is_not_shown_in_a_message(void **state)
{
    struct trial *trial = *state;
    assert_false(read_options(trial, (const char *const[]){"--metadata=X=hush", "M", NULL}, NULL));
    assert_non_null(strstr(trial->status.message, "\"X\""));
    assert_null(strstr(trial->status.message, "hush"));
}

static void a_thirty_third_entry_of_metadata_is_refused(void **state)
{
    const char *words[WORDS] = {"M"};
    struct trial *trial = *state;
    for (size_t i = 1; i <= CALL_OPTIONS_METADATA; i++)
        words[i] = "--metadata=a=b";
    assert_true(read_options(trial, words, NULL));
    assert_int_equal(trial->options.metadata.count, CALL_OPTIONS_METADATA);
    words[CALL_OPTIONS_METADATA + 1] = "--metadata=a=b";
    expect_refusal(trial, words, "--metadata", "32");
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
        cmocka_unit_test_setup_teardown(
            a_method_alone_is_called_at_the_default_target_with_the_message_of_stdin, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(options_and_words_come_in_any_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_unix_socket_is_a_target, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            without_a_target_the_sidecars_own_variable_says_where_it_listens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sidecar_that_speaks_tls_needs_a_ca, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_command_line_is_refused_in_one_line, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(metadata_that_grpc_would_not_send_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_value_of_metadata_is_not_shown_in_a_message, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_thirty_third_entry_of_metadata_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_message_comes_from_the_command_line_or_a_file, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
