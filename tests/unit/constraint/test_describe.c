/* SPDX-License-Identifier: MIT */
/* Do violations and the command check say what a rule requires? */
#include "constraint/validate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "validated.h"

static void messages_say_what_is_demanded(void **state)
{
    (void)state;
    static const struct {
        const char *type, *lines, *field, *message;
    } rows[] = {
        {"Strings", "", "min_len", "must have at least 3 characters"},
        {"Strings", "", "one", "must have at least 1 character"},
        {"Strings", "max_len=abcd", "max_len", "must have at most 3 characters"},
        {"Strings", "", "len", "must have exactly 3 characters"},
        {"Strings", "", "min_bytes", "must have at least 3 bytes"},
        {"Strings", "", "const", "must be \"a\"b\""},
        {"Strings", "", "pattern", "must match the pattern ^[a-z]+$"},
        {"Strings", "", "in", "must be one of \"a\", \"b\""},
        {"Strings", "not_in=a", "not_in", "must be none of \"a\", \"b\""},
        {"Strings", "", "prefix", "must begin with \"ab\""},
        {"Strings", "not_contains=mn", "not_contains", "must not contain \"mn\""},
        {"Formats", "", "host_and_port", "must be a host and a port"},
        {"Numbers", "", "const", "must be 5"},
        {"Numbers", "", "gt", "must be above 5"},
        {"Numbers", "", "gte_lte", "must be at least 5 and at most 10"},
        {"Numbers", "outside=7", "outside", "must be above 10 or below 5"},
        {"Numbers", "a_float=1", "a_float", "must be at least -0.5 and below 0.5"},
        {"Numbers", "enum_defined=9", "enum_defined", "must be a value that the enum defines"},
        {"Bytes", "", "const", "must be 0xff01"},
        {"Bytes", "", "in", "must be one of \"a\", 0xff"},
        {"Repeateds", "", "min_items", "must have at least 2 elements"},
        {"Repeateds", "unique=a\nunique=a", "unique", "must have no element twice"},
        {"Presence", "", "required", "must be set"},
        {"Choice", "", "required", "one of its members must be set"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct violations violations;
        assert_false(check(rows[i].type, rows[i].lines, &violations, &status));
        const struct violation *violation = violation_of(&violations, rows[i].field);
        struct text told = violation ? violation->message : text_literal("no violation");
        if (!text_equal(told, text_of(rows[i].message)))
            fail_msg("\"%.*s\" is not \"%s\"", text_arguments(told), rows[i].message);
    }
}

static void rules_are_described_as_a_person_would(void **state)
{
    (void)state;
    static const struct {
        const char *type, *field, *description;
    } rows[] = {
        {"Ignored", "both", "required, have at least 2 characters"},
        {"Repeateds", "items",
         "elements: have at least 2 characters, elements: have at most 3 characters"},
        {"Maps", "keys", "keys: have at least 2 characters, keys: have at most 3 characters"},
        {"Maps", "numbers", "values: have at least 2 characters"},
        {"Numbers", "outside", "be above 10 or below 5"},
        {"Plain", "name", ""},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct buffer out;
        buffer_init(&out, &arena, 0);
        constraints_describe(
            sets_field(sets_type(&validated, rows[i].type), rows[i].field)->constraints, &out);
        if (!text_equal(buffer_text(&out), text_of(rows[i].description)))
            fail_msg("\"%.*s\" is not \"%s\"", text_arguments(buffer_text(&out)),
                     rows[i].description);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_arena(messages_say_what_is_demanded),
        with_arena(rules_are_described_as_a_person_would),
    };
    return cmocka_run_group_tests(tests, validated_load, validated_unload);
}
