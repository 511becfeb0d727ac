/* SPDX-License-Identifier: MIT */
/* The rules that are enforced, as tables of buf/validate/validate.proto's numbers. Read-only: any
 * thread. */
#pragma once

#include "constraint/constraint.h"
#include "schema/wire.h"

/* What a rule does. */
enum meaning {
    MEANS_OPERAND, /* a value of the field's type */
    MEANS_COUNT,
    MEANS_LOW,
    MEANS_LOW_INCLUSIVE,
    MEANS_HIGH,
    MEANS_HIGH_INCLUSIVE,
    MEANS_PATTERN,
    MEANS_SWITCH,
    MEANS_NOTHING, /* an example, which only says something to people */
};

struct rule_row {
    uint32_t number;
    const char *name;
    enum check_kind kind;
    enum meaning meaning;
};

struct rows {
    const struct rule_row *list;
    size_t count;
};

/* A member of FieldRules: rules for one type. */
struct type_rules {
    uint32_t number;
    enum field_type type;
    enum wire_type wire; /* how a value of that type is sent */
    const char *name;
    struct rows rows;
};

/* NULL for a number that is none, or not enforced. */
const struct type_rules *constraint_table_type(uint32_t number);

/* RepeatedRules and MapRules, but for what they say about elements, keys and values. */
struct rows constraint_table_of_repeated(void);
struct rows constraint_table_of_maps(void);

/* The name of a rule of buf.validate's that is known, but not enforced; `part` as in rule ids, or
 * "field", "message". NULL for others. */
const char *constraint_table_unsupported(const char *part, uint32_t number);

/* NULL for a number that is not in the rows. */
const struct rule_row *constraint_table_row(struct rows rows, uint32_t number);
