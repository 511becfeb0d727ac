/* SPDX-License-Identifier: MIT */
/* Are command lines read by the tables of options? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "config/flags.h"
#include "config/value.h"

#include "base/banned.h"

struct first {
    uint64_t count;
    bool fast;
    const char *name;
};

struct second {
    uint64_t size, count;
};

static const struct option first_options[] = {
    {NULL, "count", &value_count, offsetof(struct first, count), 1, 9, "5", "how many"},
    {NULL, "fast", &value_switch, offsetof(struct first, fast), 0, 0, "false", "without pauses"},
    {NULL, "name", &value_text, offsetof(struct first, name), 0, 0, NULL, "the name"},
};

static const struct option second_options[] = {
    {NULL, "size", &value_size, offsetof(struct second, size), 1, 1 << 20, "1KiB", "how large"},
    {NULL, "count", &value_count, offsetof(struct second, count), 1, 9, "7", "how many"},
};

/* Two tables with their structs, and the result of reading a command line. */
struct fixture {
    struct arena arena;
    struct first first;
    struct second second;
    struct option_set sets[2];
    struct command_line line;
    struct status status;
};

static void set_up(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    arena_init(&fixture->arena, 1 << 16);
    fixture->sets[0] = (struct option_set){.options = first_options,
                                           .count = array_length(first_options),
                                           .values = &fixture->first,
                                           .owned = &fixture->arena};
    fixture->sets[1] = (struct option_set){.options = second_options,
                                           .count = array_length(second_options),
                                           .values = &fixture->second,
                                           .owned = &fixture->arena};
    for (size_t i = 0; i < array_length(fixture->sets); i++)
        assert_true(option_set_defaults(&fixture->sets[i], &fixture->status));
}

/* NULL ends the arguments. */
static bool read(struct fixture *fixture, const char *const *arguments, size_t most_operands)
{
    struct option_set *sets[] = {&fixture->sets[0], &fixture->sets[1]};
    set_up(fixture);
    fixture->line.arguments = (char *const *)(uintptr_t)arguments;
    fixture->line.most_operands = most_operands;
    while (arguments[fixture->line.count])
        fixture->line.count++;
    return flags_read(sets, array_length(sets), &fixture->line, &fixture->status);
}

static void options_without_flags_have_their_defaults(void **state)
{
    (void)state;
    struct fixture fixture;
    assert_true(read(&fixture, (const char *const[]){NULL}, 0));
    assert_int_equal(fixture.first.count, 5);
    assert_false(fixture.first.fast);
    assert_null(fixture.first.name);
    assert_int_equal(fixture.second.size, 1024);
    assert_int_equal(fixture.sets[0].origins[0], ORIGIN_DEFAULT);
    arena_clear(&fixture.arena);
}

static void a_flag_sets_the_option_of_its_table(void **state)
{
    (void)state;
    struct fixture fixture;
    assert_true(
        read(&fixture, (const char *const[]){"--size=4KiB", "--fast", "--name", "a=b", NULL}, 0));
    assert_int_equal(fixture.second.size, 4096);
    assert_true(fixture.first.fast);
    assert_string_equal(fixture.first.name, "a=b");
    assert_int_equal(fixture.sets[0].origins[2], ORIGIN_FLAG);
    arena_clear(&fixture.arena);
}

static void a_flag_of_two_tables_belongs_to_the_first(void **state)
{
    (void)state;
    struct fixture fixture;
    assert_true(read(&fixture, (const char *const[]){"--count=2", NULL}, 0));
    assert_int_equal(fixture.first.count, 2);
    assert_int_equal(fixture.second.count, 7);
    arena_clear(&fixture.arena);
}

static void a_switch_takes_a_value_only_when_it_is_joined(void **state)
{
    (void)state;
    struct fixture fixture;
    assert_true(read(&fixture, (const char *const[]){"--fast", "--fast=false", NULL}, 0));
    assert_false(fixture.first.fast);
    arena_clear(&fixture.arena);
    assert_true(read(&fixture, (const char *const[]){"--fast", "true", NULL}, 1));
    assert_true(fixture.first.fast);
    assert_string_equal(fixture.line.operands[0], "true");
    arena_clear(&fixture.arena);
}

static void an_empty_value_stands_for_the_default(void **state)
{
    (void)state;
    struct fixture fixture;
    assert_true(read(
        &fixture, (const char *const[]){"--count=2", "--name=a", "--count=", "--name=", NULL}, 0));
    assert_int_equal(fixture.first.count, 5);
    assert_null(fixture.first.name);
    assert_int_equal(fixture.sets[0].origins[0], ORIGIN_DEFAULT);
    arena_clear(&fixture.arena);
}

static void operands_stand_anywhere_among_the_flags(void **state)
{
    (void)state;
    struct fixture fixture;
    assert_true(read(&fixture, (const char *const[]){"one", "--count", "3", "-", NULL}, 2));
    assert_int_equal(fixture.line.operand_count, 2);
    assert_string_equal(fixture.line.operands[0], "one");
    assert_string_equal(fixture.line.operands[1], "-");
    assert_int_equal(fixture.first.count, 3);
    arena_clear(&fixture.arena);
}

static void a_wrong_command_line_is_refused_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[4];
        size_t most_operands;
        const char *message;
    } rows[] = {
        {{"--count", NULL}, 0, "--count: its value is missing"},
        {{"--count", "--fast", NULL}, 0, "--count: its value is missing"},
        {{"--count=10", NULL}, 0, "--count: \"10\": allowed is 1 to 9"},
        {{"--fast=yes", NULL}, 0, "--fast: \"yes\": allowed is false or true"},
        {{"--cuont=1", NULL}, 0, "--cuont: no such option; did you mean --count?"},
        {{"--siz=1", NULL}, 0, "--siz: no such option; did you mean --size?"},
        {{"--elsewhere", NULL}, 0, "--elsewhere: no such option; --help lists the options"},
        {{"--me:hush@h", NULL}, 0, "…@…: no such option; --help lists the options"},
        {{"word", NULL}, 0, "\"word\" is not an option; options begin with --"},
        {{"one", "two", NULL}, 1, "\"two\": one argument too many"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct fixture fixture;
        assert_false(read(&fixture, rows[i].arguments, rows[i].most_operands));
        assert_int_equal(fixture.status.code, STATUS_INVALID_ARGUMENT);
        assert_string_equal(fixture.status.message, rows[i].message);
        arena_clear(&fixture.arena);
    }
}

static void a_value_keeps_the_origin_that_it_was_taken_from(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    assert_true(option_set_take(&fixture.sets[0], &first_options[0], "3", ORIGIN_VARIABLE,
                                &fixture.status));
    assert_int_equal(fixture.sets[0].origins[0], ORIGIN_VARIABLE);
    assert_false(option_set_take(&fixture.sets[0], &first_options[0], "x", ORIGIN_VARIABLE,
                                 &fixture.status));
    assert_string_equal(fixture.status.message, "APIG_SIDECAR_COUNT: \"x\": allowed is 1 to 9");
    arena_clear(&fixture.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_without_flags_have_their_defaults),
        cmocka_unit_test(a_flag_sets_the_option_of_its_table),
        cmocka_unit_test(a_flag_of_two_tables_belongs_to_the_first),
        cmocka_unit_test(a_switch_takes_a_value_only_when_it_is_joined),
        cmocka_unit_test(an_empty_value_stands_for_the_default),
        cmocka_unit_test(operands_stand_anywhere_among_the_flags),
        cmocka_unit_test(a_wrong_command_line_is_refused_in_one_line),
        cmocka_unit_test(a_value_keeps_the_origin_that_it_was_taken_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
