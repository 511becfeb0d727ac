/* SPDX-License-Identifier: MIT */
/* Rules while they are read, at start: between rules.c, which walks through an option, and part.c,
 * which reads the rules of one type. */
#pragma once

#include "constraint/constraint.h"
#include "constraint/table.h"

/* protoc writes each line of an option as an occurrence of its own, so that whatever is read adds
 * to what came before. */
struct constraint_parser {
    const struct schema_field *field; /* the field, or that of a map's keys or values */
    bool is_element;                  /* the rules are those of one element of it */
    struct arena *arena;
    struct status *status;
    struct constraints *constraints;
};

/* Reads StringRules and its like. */
must_use bool type_rules_parse(struct constraint_parser *parser, const struct type_rules *part,
                               struct text bytes);

/* Adds the check of one rule, "repeated.min_items". `part` may be NULL for repeated fields and
 * maps, whose rules need no values of a type. */
must_use bool type_rules_add(struct constraint_parser *parser, const struct type_rules *part,
                             const char *name, const struct rule_row *row,
                             const struct wire_field *value);

/* Ways to fail: a rule by its number, rules "its buf.validate rules `why`", bytes, memory. */
must_use bool parser_refuse_rule(const struct constraint_parser *parser, const char *part,
                                 uint32_t number);
must_use bool parser_refuse(const struct constraint_parser *parser, const char *why);
must_use bool parser_unreadable(const struct constraint_parser *parser);
must_use bool parser_no_memory(const struct constraint_parser *parser);
