/* SPDX-License-Identifier: MIT */
/* Does validation find each violation in a message, at its path, within bounds? */
#include "constraint/validate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "validated.h"

static void repeated_fields_are_checked_as_a_whole_and_in_their_elements(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *broken;
    } rows[] = {
        {"min_items=a\nmin_items=b\nrequired=a", ""},
        {"min_items=a\nrequired=a", "min_items: repeated.min_items"},
        {"required=a", "min_items: repeated.min_items"},
        {"min_items=a\nmin_items=b", "required: required"},
        {"min_items=\nmin_items=\nrequired=\nmax_items=\nmax_items=\nmax_items=",
         "max_items: repeated.max_items"},
        {"min_items=\nmin_items=\nrequired=\nunique=a\nunique=b\nunique=", ""},
        {"min_items=\nmin_items=\nrequired=\nunique=a\nunique=b\nunique=a",
         "unique: repeated.unique"},
        {"min_items=\nmin_items=\nrequired=\nunique_numbers=0\nunique_numbers=-0",
         "unique_numbers: repeated.unique"},
        {"min_items=\nmin_items=\nrequired=\nunique_numbers=nan\nunique_numbers=nan", ""},
        {"min_items=\nmin_items=\nrequired=\nunique_bools=1\nunique_bools=1",
         "unique_bools: repeated.unique"},
        {"min_items=\nmin_items=\nrequired=\nitems=ab\nitems=a\nitems=abcd",
         "items[1]: string.min_len\nitems[2]: string.max_len"},
        {"min_items=\nmin_items=\nrequired=\nitems_in_lines=a\nitems_in_lines=abcd",
         "items_in_lines[0]: string.min_len\nitems_in_lines[1]: string.max_len"},
        {"min_items=\nmin_items=\nrequired=\nitems_or_empty=\nitems_or_empty=a",
         "items_or_empty[1]: string.min_len"},
        {"min_items=\nmin_items=\nrequired=\nitems_or_zero=-0\nitems_or_zero=5",
         "items_or_zero[1]: double.gt"},
        {"min_items=\nmin_items=\nrequired=\nitems_ignored=a", ""},
        {"min_items=\nmin_items=\nrequired=\nmessages.name=ab\nmessages.name=a\nmessages=",
         "messages[1].name: string.min_len\nmessages[2].name: string.min_len"},
        {"min_items=\nmin_items=\nrequired=\nmessages.inner.name=a",
         "messages[0].name: string.min_len\nmessages[0].inner.name: string.min_len"},
        {"min_items=\nmin_items=\nrequired=\nif_any=a", "if_any: repeated.min_items"},
        {"min_items=\nmin_items=\nrequired=\nwrappers.value=ab\nwrappers.value=a",
         "wrappers[1]: string.min_len"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        expect_violations("Repeateds", rows[i].lines, rows[i].broken);
}

static void a_long_list_is_compared_as_a_short_one(void **state)
{
    (void)state;
    const struct schema_message *type = sets_type(&validated, "Repeateds");
    static const char *const names[] = {"unique", "unique_numbers"};
    for (size_t last = 0; last <= 5000; last += 5000) {
        ProtobufCMessage *message =
            lines_message(type, "min_items=\nmin_items=\nrequired=a", &arena);
        for (size_t i = 0; i < 200; i++) {
            /* Equal values are far apart, so that sorting has to bring them together; some are not
             * numbers. */
            char *text = arena_alloc(&arena, 16);
            size_t number = i == 199 ? last : i * 7919 % 1009;
            snprintf(text, 16, "%zu", number);
            lines_set(type, message, text_of(names[0]), text_of(text), &arena);
            lines_set(type, message, text_of(names[1]),
                      text_of(i % 2 == 1 && i != 199 ? "nan" : text), &arena);
        }
        struct status status;
        struct violations violations;
        bool good = validate(type, message, &arena, &violations, &status);
        /* 0 is the first element; nothing else gives 5000. */
        assert_int_equal(good, last == 5000);
        assert_int_equal(violations.count, last ? 0 : 2);
    }
}

static void maps_are_checked_as_a_whole_and_in_their_entries(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *broken;
    } rows[] = {
        {"min_pairs.a=", ""},
        {"", "min_pairs: map.min_pairs"},
        {"min_pairs.a=\nmax_pairs.a=\nmax_pairs.b=", "max_pairs: map.max_pairs"},
        {"min_pairs.a=\nkeys.ab=\nkeys.a=\nkeys.abcd=",
         "keys[\"a\"]: string.min_len\nkeys[\"abcd\"]: string.max_len"},
        {"min_pairs.a=\nvalues.k=ab\nvalues.l=a\nvalues.m=abcd",
         "values[\"l\"]: string.min_len\nvalues[\"m\"]: string.max_len"},
        {"min_pairs.a=\nvalues.a\"b\\c=a", "values[\"a\\\"b\\\\c\"]: string.min_len"},
        {"min_pairs.a=\nnumbers.-12=a\nnumbers.3=ab\nnumbers.0=a",
         "numbers[-12]: string.min_len\nnumbers[0]: string.min_len"},
        {"min_pairs.a=\nnumbers.-2147483648=a", "numbers[-2147483648]: string.min_len"},
        {"min_pairs.a=\nbools.1=a\nbools.0=a",
         "bools[true]: string.min_len\nbools[false]: string.min_len"},
        {"min_pairs.a=\nmessages.k.name=a", "messages[\"k\"].name: string.min_len"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        expect_violations("Maps", rows[i].lines, rows[i].broken);
}

static void required_fields_have_to_be_set(void **state)
{
    (void)state;
    static const char full[] = "required=a\nrequired_number=1\nrequired_optional=\n"
                               "required_message.name=ab";
    expect_violations("Presence", full, "");
    expect_violations("Presence", "",
                      "required: required\nrequired_number: required\n"
                      "required_optional: required\nrequired_message: required");
    /* Set to zero is not set, but for what tracks presence. */
    expect_violations("Presence",
                      "required=\nrequired_number=0\nrequired_optional=\nrequired_message=",
                      "required: required\nrequired_number: required\n"
                      "required_message.name: string.min_len");
}

static void unset_and_ignored_fields_are_not_checked(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *broken;
    } rows[] = {
        {"plain=ab\nboth=ab", ""},
        {"both=ab", "plain: string.min_len"},
        {"plain=ab\nboth=ab\noptional=", "optional: string.min_len"},
        {"plain=ab\nboth=ab\nif_zero=", ""},
        {"plain=ab\nboth=ab\nif_zero=a", "if_zero: string.min_len"},
        /* Set to zero is set. */
        {"plain=ab\nboth=ab\noptional_if_zero=", "optional_if_zero: string.min_len"},
        {"plain=ab\nboth=ab\noptional_if_zero=a", "optional_if_zero: string.min_len"},
        {"plain=ab\nboth=ab\nalways=a", ""},
        {"plain=ab\nboth=ab\nmessage_always.name=a", ""},
        {"plain=ab", "both: required"},
        {"plain=ab\nboth=a", "both: string.min_len"},
        {"plain=ab\nboth=ab\nmessage.name=a", "message.name: string.min_len"},
        {"plain=ab\nboth=ab\nmessage.name=ab\nmessage.inner.name=a",
         "message.inner.name: string.min_len"},
        {"plain=ab\nboth=ab\nwrapper.value=ab", ""},
        {"plain=ab\nboth=ab\nwrapper.value=a\nwrapped_number.value=5",
         "wrapper: string.min_len\nwrapped_number: int32.gt"},
        {"plain=ab\nboth=ab\nwrapped_number=", "wrapped_number: int32.gt"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        expect_violations("Ignored", rows[i].lines, rows[i].broken);
}

static void a_required_oneof_has_one_member(void **state)
{
    (void)state;
    expect_violations("Choice", "", "required: required");
    expect_violations("Choice", "maybe=a", "required: required");
    expect_violations("Choice", "left=ab", "");
    expect_violations("Choice", "left=", "left: string.min_len");
    expect_violations("Choice", "right.name=a", "right.name: string.min_len");
}

static void of_the_fields_that_a_rule_of_the_message_names_at_most_one_is_set(void **state)
{
    (void)state;
    expect_violations("OneOf", "", ": message.oneof");
    expect_violations("OneOf", "a=ab", "");
    expect_violations("OneOf", "b=1", "");
    expect_violations("OneOf", "a=a", "a: string.min_len");
    expect_violations("OneOf", "maybe=ab", "");
    expect_violations("OneOf", "maybe=", "maybe: string.min_len");
    expect_violations("OneOf", "a=ab\nb=1", ": message.oneof");
    expect_violations("OneOf", "b=1\nleft=l", "");
    expect_violations("OneOf", "b=1\nleft=l\nright.name=ab", ": message.oneof");
    expect_violations("OneOf", "b=1\ninner.b=1\ninner.left=l", "inner[1]: message.oneof");
}

static void the_status_names_the_fields_of_a_rule_of_the_message(void **state)
{
    (void)state;
    struct status status;
    struct violations violations;
    assert_false(check("OneOf", "", &violations, &status));
    assert_string_equal(status.message, "one of a, b, maybe must be set");
    assert_false(check("OneOf", "a=ab\nb=1", &violations, &status));
    assert_string_equal(status.message, "only one of a, b, maybe can be set");
}

static void the_status_names_the_first_violations(void **state)
{
    (void)state;
    struct status status;
    struct violations violations;
    assert_false(check("Presence", "required=a\nrequired_number=1", &violations, &status));
    assert_string_equal(status.message,
                        "required_optional: must be set; required_message: must be set");
    assert_false(check("Strings", "", &violations, &status));
    assert_string_equal(status.message, "const: must be \"a\"b\"; len: must have exactly 3 "
                                        "characters; min_len: must have at least 3 characters; "
                                        "and 10 more");
}

static void more_violations_than_a_person_reads_are_counted(void **state)
{
    (void)state;
    const struct schema_message *type = sets_type(&validated, "Repeateds");
    ProtobufCMessage *message = lines_message(type, "min_items=\nmin_items=\nrequired=a", &arena);
    struct status status;
    struct violations violations;
    for (size_t i = 0; i < VALIDATE_VIOLATIONS + 5; i++)
        lines_set(type, message, text_literal("items"), text_literal("a"), &arena);
    assert_false(validate(type, message, &arena, &violations, &status));
    assert_int_equal(violations.count, VALIDATE_VIOLATIONS);
    assert_int_equal(violations.more, 5);
    assert_non_null(strstr(status.message, "; and 34 more"));
}

static void expect_full(const struct schema_message *type, const ProtobufCMessage *message)
{
    struct arena none;
    struct status status;
    struct violations violations;
    arena_init(&none, 0);
    assert_false(validate(type, message, &none, &violations, &status));
    assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
    arena_clear(&none);
}

static void a_full_arena_is_not_a_violation(void **state)
{
    (void)state;
    static const struct {
        const char *type, *lines;
    } rows[] = {{"Strings", ""}, {"Strings", "pattern=abc"}, {"Maps", "numbers.5=a"}};
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct schema_message *type = sets_type(&validated, rows[i].type);
        expect_full(type, lines_message(type, rows[i].lines, &arena));
    }
    /* A check that needs memory, although nothing is wrong. */
    const struct schema_message *type = sets_type(&validated, "Needing");
    ProtobufCMessage *message = lines_message(type, "pattern=a", &arena);
    expect_full(type, message);
    message = schema_message_new(type, &arena);
    for (size_t i = 0; i < 100; i++) {
        uint8_t *letter = arena_alloc(&arena, 1);
        *letter = (uint8_t)i;
        lines_set(type, message, text_literal("unique"), (struct text){(char *)letter, 1}, &arena);
    }
    expect_full(type, message);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_arena(repeated_fields_are_checked_as_a_whole_and_in_their_elements),
        with_arena(a_long_list_is_compared_as_a_short_one),
        with_arena(maps_are_checked_as_a_whole_and_in_their_entries),
        with_arena(required_fields_have_to_be_set),
        with_arena(unset_and_ignored_fields_are_not_checked),
        with_arena(a_required_oneof_has_one_member),
        with_arena(of_the_fields_that_a_rule_of_the_message_names_at_most_one_is_set),
        with_arena(the_status_names_the_fields_of_a_rule_of_the_message),
        with_arena(the_status_names_the_first_violations),
        with_arena(more_violations_than_a_person_reads_are_counted),
        with_arena(a_full_arena_is_not_a_violation),
    };
    return cmocka_run_group_tests(tests, validated_load, validated_unload);
}
