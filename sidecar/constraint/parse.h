/* SPDX-License-Identifier: MIT */
/* Parsing of rules, at start: parse.c reads the options, parse_type.c the rules of one type. For
 * the files of this folder. */
#pragma once

#include "constraint/constraint.h"
#include "constraint/table.h"
#include "schema/schema.h"

/* The state of parsing the rules of one field. protoc writes each line of an option as an
 * occurrence of its own, so that each occurrence is merged into the rules before it. */
struct constraint_parser {
    const struct schema_field *field; /* the field, or the key or value field of a map */
    bool is_element;                  /* the rules apply to one element of the field */
    struct arena *arena;
    struct status *status;
    struct constraints *constraints;
    struct oneof_rule *oneof;       /* the rule of a message or a oneof that is read */
    const struct schema_type *type; /* of that message */
};

/* Parses the rules of one type, such as StringRules. */
must_use bool type_rules_parse(struct constraint_parser *parser, const struct type_rules *part,
                               struct text bytes);

/* Adds the check of one rule, such as "repeated.min_items". `part` may be NULL for repeated fields
 * and maps, because their rules do not depend on a type. */
must_use bool type_rules_add(struct constraint_parser *parser, const struct type_rules *part,
                             const char *name, const struct rule_row *row,
                             const struct wire_field *value);

/*
 * Reads the (buf.validate.field) options out of a serialized FieldOptions into field->constraints,
 * which stays NULL when there are none. Every occurrence of the extension is merged, since protoc
 * writes one for each line. The messages that the field can hold are built already. Patterns are
 * compiled. Fails with INVALID_ARGUMENT, beginning with `where` and naming the rule, on a rule that
 * is not enforced, a rule for another type, a bound that is not a number, and a pattern that is not
 * in RE2's syntax.
 */
must_use bool constraints_parse_field(struct text where, struct text field_options,
                                      struct schema_field *field, struct arena *arena,
                                      struct status *status);

/*
 * The same for the options of a message and of one of its oneofs, into message->constraints. A rule
 * of a message that names fields makes them ignore their zero value (IGNORE_IF_ZERO_VALUE), so that
 * the rules of all its fields are parsed before. INVALID_ARGUMENT also when it names none, one
 * twice or one that the message does not have.
 */
must_use bool constraints_parse_message(struct text where, const struct schema_type *type,
                                        struct arena *arena, struct status *status);
must_use bool constraints_parse_oneof(struct text where, const struct schema_oneof *oneof,
                                      const struct schema_type *type, struct arena *arena,
                                      struct status *status);

/* Frees the compiled patterns, which are the only part outside the arena. NULL is allowed. */
void constraints_release(const struct constraints *constraints);

/* Calls `parse` for each rule in a message of rules. */
must_use bool parser_each_rule(struct constraint_parser *parser, struct text bytes,
                               bool (*parse)(struct constraint_parser *parser,
                                             const struct wire_field *rule));

/* Calls `parse` for each occurrence of the extension of buf.validate in serialized options, and
 * sets `found` when there is one. */
must_use bool
parser_each_occurrence(struct constraint_parser *parser, struct text options, bool *found,
                       bool (*parse)(struct constraint_parser *parser, struct text bytes));

/* Ways to fail, which return false: a rule with this number; "its buf.validate rules `why`";
 * options that cannot be read; no memory. */
must_use bool parser_refuse_rule(const struct constraint_parser *parser, const char *part,
                                 uint32_t number);
must_use bool parser_refuse(const struct constraint_parser *parser, const char *why);
must_use bool parser_unreadable(const struct constraint_parser *parser);
must_use bool parser_no_memory(const struct constraint_parser *parser);
