/* SPDX-License-Identifier: MIT */
/* The rules that are enforced, as tables of the field numbers of buf/validate/validate.proto. For
 * the files of this folder. Read-only: any thread. */
#pragma once

#include "constraint/constraint.h"
#include "schema/wire.h"

/* The meaning of the value of a rule. */
enum meaning {
    MEANS_OPERAND, /* a value of the field's type */
    MEANS_COUNT,
    MEANS_LOW,
    MEANS_LOW_INCLUSIVE,
    MEANS_HIGH,
    MEANS_HIGH_INCLUSIVE,
    MEANS_PATTERN,
    MEANS_SWITCH,
    MEANS_STRICTNESS, /* of the format of the field */
    MEANS_SPAN,       /* a Duration */
    MEANS_PATH,       /* of a field mask */
    MEANS_PATHS,      /* a FieldMask */
    MEANS_NOTHING,    /* an example for readers */
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

/* A member of FieldRules: the rules of one type. */
struct type_rules {
    uint32_t number;
    enum field_type type;
    enum well_known well_known; /* of a message */
    enum wire_type wire;        /* the wire type of a value of that type */
    const char *name;
    struct rows rows;
};

/* Finds a type by its number in FieldRules; NULL when its rules are not enforced. */
const struct type_rules *constraint_table_type(uint32_t number);

/* The rows of RepeatedRules and MapRules, without those for elements, keys and values. */
struct rows constraint_table_of_repeated(void);
struct rows constraint_table_of_maps(void);

/* The name of a rule that is known but not enforced; NULL for others. `part` is as in rule ids, or
 * "field" or "message". */
const char *constraint_table_unsupported(const char *part, uint32_t number);

/* Finds a row by its number; NULL when the rows do not have it. */
const struct rule_row *constraint_table_row(struct rows rows, uint32_t number);
