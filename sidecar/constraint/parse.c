/* SPDX-License-Identifier: MIT */
#include "constraint/parse.h"

#include "constraint/constraint.h"

#include "base/banned.h"

/* Field numbers of buf/validate/validate.proto. */
#define EXTENSION 1159
#define PREDEFINED_EXTENSION 1160
enum { RULE_REPEATED = 18, RULE_MAP = 19, RULE_REQUIRED = 25, RULE_IGNORE = 27 };
enum { INNER_ITEMS = 4, INNER_KEYS = 4, INNER_VALUES = 5 };
enum { IGNORE_UNSPECIFIED = 0, IGNORE_IF_ZERO_VALUE = 1, IGNORE_ALWAYS = 3 };

static bool parse_rules(struct constraint_parser *parser, struct text bytes);

const struct schema_field *constraints_value_field(const struct schema_field *field)
{
    bool wrapper = field->type == FIELD_MESSAGE && field->message->well_known == WELL_KNOWN_WRAPPER;
    return wrapper ? &field->message->fields[0] : field;
}

static bool wrong_type(const struct constraint_parser *parser, const char *constraints)
{
    return status_fail(parser->status, STATUS_INVALID_ARGUMENT,
                       "its buf.validate rules are for %s, and its type is another one",
                       constraints);
}

/* Parses the rules of elements, keys or values. */
static bool parse_inner(const struct constraint_parser *parser, const struct schema_field *field,
                        const struct wire_field *value, struct constraints **inner)
{
    if (value->type != WIRE_BYTES)
        return parser_unreadable(parser);
    if (!*inner)
        *inner = arena_zalloc(parser->arena, sizeof **inner);
    if (!*inner)
        return parser_no_memory(parser);
    struct constraint_parser part = {.field = field,
                                     .is_element = true,
                                     .arena = parser->arena,
                                     .status = parser->status,
                                     .constraints = *inner};
    return parse_rules(&part, value->bytes);
}

static bool parse_repeated_rule(struct constraint_parser *parser, const struct wire_field *value)
{
    const struct rule_row *row =
        constraint_table_row(constraint_table_of_repeated(), value->number);
    if (value->number == INNER_ITEMS)
        return parse_inner(parser, parser->field, value, &parser->constraints->items);
    if (!row)
        return parser_refuse_rule(parser, "repeated", value->number);
    if (row->kind == CHECK_UNIQUE && parser->field->type == FIELD_MESSAGE)
        return parser_refuse(parser,
                             "have `unique`, which is not allowed for elements that are messages");
    return type_rules_add(parser, NULL, "repeated", row, value);
}

static bool parse_map_rule(struct constraint_parser *parser, const struct wire_field *value)
{
    const struct schema_message *entry = parser->field->message;
    const struct rule_row *row = constraint_table_row(constraint_table_of_maps(), value->number);
    if (value->number == INNER_KEYS)
        return parse_inner(parser, schema_field_by_number(entry, 1), value,
                           &parser->constraints->keys);
    if (value->number == INNER_VALUES)
        return parse_inner(parser, schema_field_by_number(entry, 2), value,
                           &parser->constraints->values);
    return row ? type_rules_add(parser, NULL, "map", row, value)
               : parser_refuse_rule(parser, "map", value->number);
}

bool parser_each_rule(struct constraint_parser *parser, struct text bytes,
                      bool (*parse)(struct constraint_parser *parser,
                                    const struct wire_field *rule))
{
    struct wire_field value;
    while (bytes.size > 0) {
        if (!wire_next(&bytes, &value))
            return parser_unreadable(parser);
        if (!parse(parser, &value))
            return false;
    }
    return true;
}

static bool parse_ignore(struct constraint_parser *parser, uint64_t ignore)
{
    parser->constraints->skip_zero = ignore == IGNORE_IF_ZERO_VALUE;
    parser->constraints->skip = ignore == IGNORE_ALWAYS;
    return parser->constraints->skip_zero || parser->constraints->skip ||
           ignore == IGNORE_UNSPECIFIED ||
           parser_refuse(parser, "have an `ignore` that is not known here");
}

static bool has_type(const struct schema_field *field, const struct type_rules *part)
{
    return field->type == part->type &&
           (field->type != FIELD_MESSAGE || field->message->well_known == part->well_known);
}

/* Parses a member of FieldRules that is a message: the rules of one type. */
static bool parse_type(struct constraint_parser *parser, const struct wire_field *rule)
{
    enum field_shape shape = parser->is_element ? FIELD_SINGULAR : parser->field->shape;
    const struct type_rules *part = constraint_table_type(rule->number);
    if (rule->number == RULE_REPEATED)
        return shape == FIELD_REPEATED ? parser_each_rule(parser, rule->bytes, parse_repeated_rule)
                                       : wrong_type(parser, "repeated fields");
    if (rule->number == RULE_MAP)
        return shape == FIELD_MAP ? parser_each_rule(parser, rule->bytes, parse_map_rule)
                                  : wrong_type(parser, "maps");
    if (!part)
        return parser_refuse_rule(parser, "field", rule->number);
    bool single = shape != FIELD_REPEATED && shape != FIELD_MAP;
    return single && has_type(constraints_value_field(parser->field), part)
               ? type_rules_parse(parser, part, rule->bytes)
               : wrong_type(parser, part->name);
}

static bool parse_rule(struct constraint_parser *parser, const struct wire_field *rule)
{
    if (rule->number != RULE_REQUIRED && rule->number != RULE_IGNORE)
        return rule->type == WIRE_BYTES ? parse_type(parser, rule)
                                        : parser_refuse_rule(parser, "field", rule->number);
    if (rule->type != WIRE_VARINT)
        return parser_unreadable(parser);
    if (rule->number == RULE_IGNORE)
        return parse_ignore(parser, rule->value);
    /* An element is always set. */
    parser->constraints->required = rule->value != 0 && !parser->is_element;
    return true;
}

static bool parse_rules(struct constraint_parser *parser, struct text bytes)
{
    return parser_each_rule(parser, bytes, parse_rule);
}

bool parser_each_occurrence(struct constraint_parser *parser, struct text options, bool *found,
                            bool (*parse)(struct constraint_parser *parser, struct text bytes))
{
    struct wire_field option;
    while (options.size > 0) {
        if (!wire_next(&options, &option))
            return parser_unreadable(parser);
        if (option.number == PREDEFINED_EXTENSION)
            return parser_refuse(parser, "are predefined ones, which are not enforced here");
        if (option.number != EXTENSION)
            continue;
        *found = true;
        if (option.type != WIRE_BYTES)
            return parser_unreadable(parser);
        if (!parse(parser, option.bytes))
            return false;
    }
    return true;
}

static bool finish(const struct constraint_parser *parser, const struct constraints *constraints)
{
    for (struct check *check = constraints ? constraints->checks : NULL; check;
         check = check->next) {
        check->loose = constraints->loose;
        if (!check_finish(check, parser->arena))
            return parser_no_memory(parser);
    }
    return !constraints ||
           (finish(parser, constraints->items) && finish(parser, constraints->keys) &&
            finish(parser, constraints->values));
}

bool constraints_parse_field(struct text where, struct text field_options,
                             struct schema_field *field, struct arena *arena, struct status *status)
{
    bool found = false;
    struct constraint_parser parser = {.field = field,
                                       .arena = arena,
                                       .status = status,
                                       .constraints =
                                           arena_zalloc(arena, sizeof *parser.constraints)};
    bool good = parser.constraints
                    ? parser_each_occurrence(&parser, field_options, &found, parse_rules) &&
                          finish(&parser, parser.constraints)
                    : parser_no_memory(&parser);
    if (!good) {
        constraints_release(parser.constraints);
        return status_wrap(status, "%.*s", text_arguments(where));
    }
    if (found)
        field->constraints = parser.constraints;
    return true;
}

void constraints_release(const struct constraints *constraints)
{
    if (!constraints)
        return;
    for (const struct check *check = constraints->checks; check; check = check->next)
        if (check->pattern)
            pattern_release(check->pattern);
    constraints_release(constraints->items);
    constraints_release(constraints->keys);
    constraints_release(constraints->values);
}
