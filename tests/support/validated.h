/* SPDX-License-Identifier: MIT */
/* Messages of protos/validated.proto, held against the constraints of their fields. Include
 * cmocka.h first. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "constraint/attach.h"
#include "constraint/parse.h"
#include "constraint/validate.h"
#include "lines.h"
#include "sets.h"

/* protos/validated.proto, and the memory of one test. */
static struct sets validated;
static struct arena arena;

static inline bool check(const char *type, const char *lines, struct violations *violations,
                         struct status *status)
{
    const struct schema_message *message = sets_type(&validated, type);
    return validate(message, lines_message(message, lines, &arena), &arena, violations, status);
}

/* The violation of a field; NULL when it has none. */
static inline const struct violation *violation_of(const struct violations *violations,
                                                   const char *field)
{
    for (size_t i = 0; i < violations->count; i++)
        if (text_equal(violations->list[i].field, text_of(field)))
            return &violations->list[i];
    return NULL;
}

static inline void expect_id(const char *type, const char *field, struct text value, const char *id)
{
    struct status status;
    struct violations violations;
    const struct schema_message *message = sets_type(&validated, type);
    ProtobufCMessage *filled = schema_message_new(message, &arena);
    lines_set(message, filled, text_of(field), value, &arena);
    bool good = validate(message, filled, &arena, &violations, &status);
    assert_int_equal(good, violations.count == 0);
    const struct violation *violation = violation_of(&violations, field);
    if (!violation != !id || (violation && !text_equal(violation->rule_id, text_of(id))))
        fail_msg("%s.%s = \"%.*s\": %.*s, not %s", type, field, text_arguments(value),
                 text_arguments(violation ? violation->rule_id : text_literal("good")),
                 id ? id : "good");
}

/* All violations as "field: id" lines, in order. */
static inline void expect_violations(const char *type, const char *lines, const char *expected)
{
    struct status status;
    struct violations violations;
    struct buffer told;
    buffer_init(&told, &arena, 0);
    bool good = check(type, lines, &violations, &status);
    for (size_t i = 0; i < violations.count; i++) {
        buffer_add_text(&told, i > 0 ? text_literal("\n") : text_literal(""));
        buffer_add_text(&told, violations.list[i].field);
        buffer_add_literal(&told, ": ");
        buffer_add_text(&told, violations.list[i].rule_id);
    }
    if (!text_equal(buffer_text(&told), text_of(expected)))
        fail_msg("%s of\n%s\ngave\n%.*s\nnot\n%s", type, lines, text_arguments(buffer_text(&told)),
                 expected);
    assert_int_equal(good, violations.count == 0);
    assert_int_equal(violations.more, 0);
    if (!good)
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
}

/* One value, and the id of the rule that it breaks. */
struct value_row {
    const char *field, *value, *id;
};

static inline void expect_rows(const char *type, const struct value_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_id(type, rows[i].field, text_of(rows[i].value), rows[i].id);
}

/* A field of the wire: its number, and the bytes of others. */
static inline struct text piece(unsigned number, struct text bytes)
{
    struct buffer out;
    buffer_init(&out, &arena, bytes.size + 8);
    for (unsigned tag = number << 3 | 2; tag > 0; tag >>= 7)
        buffer_add_char(&out, (char)((tag & 0x7f) | (tag > 0x7f ? 0x80 : 0)));
    for (size_t size = bytes.size, first = 1; size > 0 || first; size >>= 7, first = 0)
        buffer_add_char(&out, (char)((size & 0x7f) | (size > 0x7f ? 0x80 : 0)));
    buffer_add_text(&out, bytes);
    return buffer_text(&out);
}

/* Reads FieldRules onto a field of that type. */
static inline bool read_rules(const char *type, const char *field, struct text field_rules,
                              struct schema_field *read, struct status *status)
{
    *read = *sets_field(sets_type(&validated, type), field);
    read->constraints = NULL;
    return constraints_parse_field(text_literal("its place"), piece(1159, field_rules), read,
                                   &arena, status);
}

static inline void expect_refusal(const char *type, const char *field, struct text field_rules,
                                  const char *why)
{
    struct status status;
    struct schema_field read;
    if (read_rules(type, field, field_rules, &read, &status))
        fail_msg("%s was not refused: %s", field, why);
    assert_null(read.constraints);
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_memory_equal(status.message, "its place: ", 11);
    if (!strstr(status.message, why))
        fail_msg("\"%s\" does not say \"%s\"", status.message, why);
}

/* Whether a string matches a pattern; the pattern has to be read. */
static inline bool match(struct text pattern, struct text value, struct violations *violations)
{
    struct status status;
    struct schema_field field;
    struct schema_message type = *sets_type(&validated, "Plain");
    if (!read_rules("Plain", "name", piece(14, piece(6, pattern)), &field, &status))
        fail_msg("%s", status.message);
    type.fields = &field;
    type.has_constraints = true;
    ProtobufCMessage *message = schema_message_new(&type, &arena);
    *(ProtobufCBinaryData *)schema_value(message, &field) =
        (ProtobufCBinaryData){value.size, (uint8_t *)(uintptr_t)value.data};
    bool good = validate(&type, message, &arena, violations, &status);
    if (!good)
        assert_true(text_equal(violations->list[0].rule_id, text_literal("string.pattern")));
    constraints_release(field.constraints);
    return good;
}

static inline int validated_load(void **state)
{
    (void)state;
    struct status status;
    validated = sets_load("protos/validated.binpb");
    constraint_attach(validated.schema);
    if (!schema_serve(validated.schema, NULL, &status))
        fail_msg("%s", status.message);
    return 0;
}

static inline int validated_unload(void **state)
{
    (void)state;
    sets_clear(&validated);
    return 0;
}

static inline int validated_begin(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    return 0;
}

static inline int validated_end(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

#define with_arena(test) cmocka_unit_test_setup_teardown(test, validated_begin, validated_end)
