/* SPDX-License-Identifier: MIT */
/* Rules while they are read, at start: between rules.c, which walks through an option, and part.c,
 * which reads the rules of one type. */
#pragma once

#include "constraint/constraint.h"
#include "constraint/table.h"

/* protoc writes each line of an option as an occurrence of its own, so that whatever is read adds
 * to what came before. */
struct parsing {
    const struct schema_field *field; /* the field, or that of a map's keys or values */
    bool is_element;                  /* the rules are those of one element of it */
    struct arena *arena;
    struct status *status;
    struct rules *rules;
};

/* Reads StringRules and its like. */
must_use bool part_parse(struct parsing *parsing, const struct type_rules *part, struct text bytes);

/* Adds the check of one rule, "repeated.min_items". `part` may be NULL for repeated fields and
 * maps, whose rules need no values of a type. */
must_use bool part_add(struct parsing *parsing, const struct type_rules *part, const char *name,
                       const struct rule_row *row, const struct wire_field *value);

/* Ways to fail: a rule by its number, rules "its buf.validate rules `why`", bytes, memory. */
must_use bool parsing_refuse_rule(const struct parsing *parsing, const char *part, uint32_t number);
must_use bool parsing_refuse(const struct parsing *parsing, const char *why);
must_use bool parsing_unreadable(const struct parsing *parsing);
must_use bool parsing_no_memory(const struct parsing *parsing);
