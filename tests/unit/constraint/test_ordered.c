/* SPDX-License-Identifier: MIT */
/* Is each rule of protovalidate that compares values enforced for each type that has an order? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "validated.h"

enum encoding { VARINT, ZIGZAG, FIXED32, FIXED64, FLOAT, DOUBLE, SECONDS };

/* A type: its number in FieldRules, a field of it, and how its values are encoded in rules. */
static const struct ordered_type {
    const char *name, *message, *field;
    unsigned number;
    enum encoding encoding;
    unsigned first_rule; /* the number of `const` */
    bool is_unsigned;
} types[] = {
    {"float", "Numbers", "a_float", 1, FLOAT, 1, false},
    {"double", "Numbers", "a_double", 2, DOUBLE, 1, false},
    {"int32", "Numbers", "const", 3, VARINT, 1, false},
    {"int64", "Numbers", "an_int64", 4, VARINT, 1, false},
    {"uint32", "Numbers", "a_uint32", 5, VARINT, 1, true},
    {"uint64", "Numbers", "a_uint64", 6, VARINT, 1, true},
    {"sint32", "Numbers", "a_sint32", 7, ZIGZAG, 1, false},
    {"sint64", "Numbers", "a_sint64", 8, ZIGZAG, 1, false},
    {"fixed32", "Numbers", "a_fixed32", 9, FIXED32, 1, true},
    {"fixed64", "Numbers", "a_fixed64", 10, FIXED64, 1, true},
    {"sfixed32", "Numbers", "an_sfixed32", 11, FIXED32, 1, false},
    {"sfixed64", "Numbers", "an_sfixed64", 12, FIXED64, 1, false},
    {"duration", "Durations", "lt", 21, SECONDS, 2, false},
    {"timestamp", "Timestamps", "range", 22, SECONDS, 2, false},
};

/* The rules in the order of their numbers, and which of the values below, at and above their
 * operand they allow. Timestamps have neither of the last two. */
static const struct {
    const char *name;
    bool allows[3];
} rules[] = {
    {"const", {false, true, false}}, {"lt", {true, false, false}}, {"lte", {true, true, false}},
    {"gt", {false, false, true}},    {"gte", {false, true, true}}, {"in", {false, true, false}},
    {"not_in", {true, false, true}},
};

static void add_varint(struct buffer *out, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        buffer_add_char(out, (char)(value | 0x80));
    buffer_add_char(out, (char)value);
}

static void add_value(struct buffer *out, enum encoding encoding, int value)
{
    float real = (float)value;
    double wide = value;
    int64_t whole = value;
    struct buffer seconds;
    switch (encoding) {
    case VARINT:
        add_varint(out, (uint64_t)whole);
        return;
    case ZIGZAG:
        add_varint(out, (uint64_t)(value < 0 ? -2 * value - 1 : 2 * value));
        return;
    case FIXED32:
        buffer_add(out, (const char *)&value, sizeof value);
        return;
    case FIXED64:
        buffer_add(out, (const char *)&whole, sizeof whole);
        return;
    case FLOAT:
        buffer_add(out, (const char *)&real, sizeof real);
        return;
    case DOUBLE:
        buffer_add(out, (const char *)&wide, sizeof wide);
        return;
    case SECONDS:
        buffer_init(&seconds, &arena, 16);
        buffer_add_char(&seconds, '\x08');
        add_varint(&seconds, (uint64_t)whole);
        add_varint(out, seconds.bytes);
        buffer_add_text(out, buffer_text(&seconds));
        return;
    }
}

/* The FieldRules with one rule and its operand. */
static struct text rules_of(const struct ordered_type *type, unsigned rule, int operand)
{
    static const unsigned wire_types[] = {
        [VARINT] = 0, [ZIGZAG] = 0, [FIXED32] = 5, [FIXED64] = 1,
        [FLOAT] = 5,  [DOUBLE] = 1, [SECONDS] = 2,
    };
    struct buffer out;
    buffer_init(&out, &arena, 32);
    add_varint(&out, (type->first_rule + rule) << 3 | wire_types[type->encoding]);
    add_value(&out, type->encoding, operand);
    return piece(type->number, buffer_text(&out));
}

static void expect_allowed(const struct ordered_type *type, unsigned rule, int operand, int value)
{
    struct status status;
    struct violations violations;
    struct schema_message message = *sets_type(&validated, type->message);
    struct schema_field field;
    char lines[64], id[64];
    bool expected = rules[rule].allows[value - operand + 1];
    if (!read_rules(type->message, type->field, rules_of(type, rule, operand), &field, &status))
        fail_msg("%s.%s: %s", type->name, rules[rule].name, status.message);
    snprintf(lines, sizeof lines, "%s%s=%d", type->field,
             type->encoding == SECONDS ? ".seconds" : "", value);
    snprintf(id, sizeof id, "%s.%s", type->name, rules[rule].name);
    ProtobufCMessage *filled = lines_message(sets_type(&validated, type->message), lines, &arena);
    message.fields = &field;
    message.field_count = 1;
    message.has_constraints = true;
    bool good = validate(&message, filled, &arena, &violations, &status);
    if (good != expected || (!good && !text_equal(violations.list[0].rule_id, text_of(id))))
        fail_msg("%s %d with the value %d is %s", id, operand, value, good ? "good" : "refused");
    constraints_release(field.constraints);
}

static void each_rule_is_enforced_for_each_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(types); i++) {
        bool has_lists = types[i].number != 22;
        for (unsigned rule = 0; rule < array_length(rules) - (has_lists ? 0 : 2); rule++)
            for (int value = 2; value <= 4; value++) {
                expect_allowed(&types[i], rule, 3, value);
                if (!types[i].is_unsigned)
                    expect_allowed(&types[i], rule, -3, value - 6);
            }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_arena(each_rule_is_enforced_for_each_type),
    };
    return cmocka_run_group_tests(tests, validated_load, validated_unload);
}
