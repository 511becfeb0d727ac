/* SPDX-License-Identifier: MIT */
/* Are rules that cannot be enforced refused, and occurrences of a rule merged? */
#include "constraint/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "validated.h"

/* FieldRules as bytes of the wire, on a field of protos/validated.proto. */
static const struct {
    const char *type, *field;
    struct text rules;
    const char *why;
} refused[] = {
    {"Plain", "name", {"\xba\x01\x00", 3}, "field.cel of buf.validate is not enforced"},
    {"Plain", "name", {"\xea\x01\x00", 3}, "field.cel_expression"},
    {"Plain", "name", {"\xa2\x01\x00", 3}, "field.any"},
    {"Plain", "name", {"\xaa\x01\x00", 3}, "are for duration"},
    {"Plain", "name", {"\xb2\x01\x00", 3}, "are for timestamp"},
    {"Plain", "name", {"\xe2\x01\x00", 3}, "are for field_mask"},
    {"OneOf", "right", {"\xaa\x01\x00", 3}, "are for duration"},
    {"Durations", "lt", {"\xb2\x01\x00", 3}, "are for timestamp"},
    {"Durations", "lt", {"\xaa\x01\x04\x1a\x02\x18\x01", 7}, "cannot be read"},
    {"Durations", "lt", {"\xaa\x01\x02\x18\x01", 5}, "cannot be read"},
    {"Durations", "in", {"\xaa\x01\x04\x3a\x02\x0a\x00", 7}, "cannot be read"},
    {"Timestamps", "within", {"\xb2\x01\x04\x4a\x02\x0a\x00", 7}, "cannot be read"},
    {"FieldMasks", "const", {"\xe2\x01\x04\x0a\x02\x08\x01", 7}, "cannot be read"},
    {"FieldMasks", "in", {"\xe2\x01\x02\x10\x01", 5}, "cannot be read"},
    {"Plain",
     "name",
     {"\x8a\x01\x00", 3},
     "field rules of buf.validate have a number 17 that is not known"},
    {"Plain", "name", {"\xd8\x04\x01", 3}, "field rules of buf.validate have a number 75"},
    {"Plain", "name", {"\xd8\x01\x02", 3}, "an `ignore` that is not known"},
    {"Plain", "name", {"\xca\x01\x00", 3}, "cannot be read"}, /* required */
    {"Plain", "name", {"\xda\x01\x00", 3}, "cannot be read"}, /* ignore */
    {"Plain", "name", {"\x72\x03\xc0\x01\x03", 5}, "a format that is not known"},
    {"Plain", "name", {"\x72\x03\x98\x06\x00", 5}, "string rules of buf.validate have a number 99"},
    {"Plain", "name", {"\x72\x02\x12\x00", 4}, "cannot be read"}, /* min_len of text */
    {"Plain", "name", {"\x72\x02\x08\x01", 4}, "cannot be read"}, /* const of a number */
    {"Plain", "name", {"\x72\x02\x62\x00", 4}, "cannot be read"}, /* email of text */
    {"Plain", "name", {"\x72\x02\x30\x01", 4}, "cannot be read"}, /* a pattern's number */
    {"Plain", "name", {"\x72\x05\x00", 3}, "cannot be read"},     /* too short */
    {"Plain", "name", {"\x70\x00", 2}, "number 14"},              /* no message */
    {"Plain", "name", {"\x1a\x02\x08\x05", 4}, "are for int32, and its type is another one"},
    {"Plain", "name", {"\x92\x01\x02\x08\x01", 5}, "are for repeated fields"},
    {"Plain", "name", {"\x9a\x01\x02\x08\x01", 5}, "are for maps"},
    {"Bytes", "const", {"\x7a\x03\x22\x01\x61", 5}, "bytes.pattern"},
    {"Numbers", "const", {"\x1a\x02\x0a\x00", 4}, "cannot be read"}, /* const of text */
    {"Numbers", "const", {"\x1a\x05\x25\x00\x00\x00\x00", 7}, "cannot be read"},
    {"Numbers", "a_double", {"\x12\x09\x21\0\0\0\0\0\0\xf8\x7f", 11}, "not a number"},
    {"Numbers", "a_float", {"\x0a\x05\x15\0\0\xc0\x7f", 7}, "not a number"},
    {"Repeateds",
     "messages",
     {"\x92\x01\x02\x18\x01", 5},
     "not allowed for elements that are messages"},
    {"Repeateds",
     "items",
     {"\x92\x01\x02\x48\x01", 5},
     "repeated rules of buf.validate have a number 9"},
    {"Repeateds", "items", {"\x72\x02\x10\x01", 4}, "are for string, and its type is another one"},
    {"Repeateds", "items", {"\x92\x01\x04\x22\x02\x1a\x00", 7}, "are for int32"},
    {"Repeateds", "items", {"\x92\x01\x05\x22\x03\x92\x01\x00", 8}, "are for repeated fields"},
    {"Maps", "keys", {"\x9a\x01\x02\x18\x01", 5}, "map rules of buf.validate have a number 3"},
    {"Maps", "numbers", {"\x9a\x01\x04\x22\x02\x72\x00", 7}, "are for string"},
};

static void rules_that_are_not_enforced_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(refused); i++)
        expect_refusal(refused[i].type, refused[i].field, refused[i].rules, refused[i].why);
}

/* Checks one string against the rules of a string. */
static bool fits(struct text string_rules, const char *value)
{
    struct status status;
    struct schema_field field;
    struct violations violations;
    struct schema_message type = *sets_type(&validated, "Plain");
    if (!read_rules("Plain", "name", piece(14, string_rules), &field, &status))
        fail_msg("%s", status.message);
    type.fields = &field;
    type.has_constraints = true;
    ProtobufCMessage *message = schema_message_new(&type, &arena);
    lines_set(sets_type(&validated, "Plain"), message, text_literal("name"), text_of(value),
              &arena);
    bool good = validate(&type, message, &arena, &violations, &status);
    constraints_release(field.constraints);
    return good;
}

static void of_a_rule_that_is_given_twice_the_last_one_counts(void **state)
{
    (void)state;
    struct text constant = text_literal("\x0a\x01\x61\x0a\x01\x62");
    assert_false(fits(constant, "a"));
    assert_true(fits(constant, "b"));
    struct text pattern = text_literal("\x32\x01\x61\x32\x01\x62");
    assert_false(fits(pattern, "a"));
    assert_true(fits(pattern, "b"));
    struct text format = text_literal("\x60\x01\x70\x01"); /* email, then ip */
    assert_false(fits(format, "a@b"));
    assert_true(fits(format, "::1"));
}

static void predefined_rules_and_wrong_rules_of_messages_are_refused(void **state)
{
    (void)state;
    struct status status;
    struct schema_field field = *sets_field(sets_type(&validated, "Plain"), "name");
    struct schema_message message = *sets_type(&validated, "Plain");
    struct schema_type type = {.message = &message};
    assert_false(constraints_parse_field(text_literal("x"), piece(1160, text_literal("")), &field,
                                         &arena, &status));
    assert_non_null(strstr(status.message, "predefined"));
    assert_false(constraints_parse_field(text_literal("x"), text_literal("\xb8\x48\x01"), &field,
                                         &arena, &status));
    assert_non_null(strstr(status.message, "cannot be read"));
    static const struct {
        struct text rules;
        const char *why;
    } rows[] = {
        {{"\x1a\x00", 2}, "message.cel"},
        {{"\x20\x01", 2}, "cannot be read"}, /* oneof */
        {{"\x22\x00", 2}, "names no field"},
        {{"\x22\x02\x08\x01", 4}, "cannot be read"}, /* oneof.fields */
        {{"\x22\x02\x12\x00", 4}, "cannot be read"}, /* oneof.required */
        {{"\x22\x02\x18\x01", 4}, "message.oneof rules of buf.validate have a number 3"},
        {{"\x22\x03\x0a\x01x", 5}, "that the message does not have"},
        {{"\x22\x0c\x0a\x04name\x0a\x04name", 14}, "twice"},
        {{"\x2a\x00", 2}, "message.cel_expression"},
        {{"\x08\x01", 2}, "number 1 that is not known"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        type.options = piece(1159, rows[i].rules);
        assert_false(constraints_parse_message(text_literal("x"), &type, &arena, &status));
        assert_non_null(strstr(status.message, rows[i].why));
    }
    type.options = piece(1159, text_literal(""));
    assert_true(constraints_parse_message(text_literal("x"), &type, &arena, &status));
    const struct schema_oneof oneof = {.options = piece(1159, text_literal("\x10\x01"))};
    assert_false(constraints_parse_oneof(text_literal("x"), &oneof, &type, &arena, &status));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_arena(rules_that_are_not_enforced_are_refused),
        with_arena(of_a_rule_that_is_given_twice_the_last_one_counts),
        with_arena(predefined_rules_and_wrong_rules_of_messages_are_refused),
    };
    return cmocka_run_group_tests(tests, validated_load, validated_unload);
}
