/* SPDX-License-Identifier: MIT */
#include "constraint/parse.h"

#include "constraint/constraint.h"

#include "base/banned.h"

/* Numbers of buf/validate/validate.proto. */
#define EXTENSION 1159
#define PREDEFINED_EXTENSION 1160
enum { RULE_REPEATED = 18, RULE_MAP = 19, RULE_REQUIRED = 25, RULE_IGNORE = 27 };
enum { ONEOF_REQUIRED = 1 };
enum { INNER_ITEMS = 4, INNER_KEYS = 4, INNER_VALUES = 5 };
enum { IGNORE_UNSPECIFIED = 0, IGNORE_IF_ZERO_VALUE = 1, IGNORE_ALWAYS = 3 };

static bool parse_rules(struct parsing *parsing, struct text bytes);

const struct schema_field *rules_value_field(const struct schema_field *field)
{
    bool wrapper = field->type == FIELD_MESSAGE && field->message->well_known == WELL_KNOWN_WRAPPER;
    return wrapper ? &field->message->fields[0] : field;
}

static bool wrong_type(const struct parsing *parsing, const char *rules)
{
    return status_fail(parsing->status, STATUS_INVALID_ARGUMENT,
                       "its buf.validate rules are for %s, which it is not", rules);
}

/* The rules of elements, keys or values. */
static bool parse_inner(const struct parsing *parsing, const struct schema_field *field,
                        const struct wire_field *value, struct rules **inner)
{
    if (value->type != WIRE_BYTES)
        return parsing_unreadable(parsing);
    if (!*inner)
        *inner = arena_zalloc(parsing->arena, sizeof **inner);
    if (!*inner)
        return parsing_no_memory(parsing);
    struct parsing part = {.field = field,
                           .is_element = true,
                           .arena = parsing->arena,
                           .status = parsing->status,
                           .rules = *inner};
    return parse_rules(&part, value->bytes);
}

static bool parse_repeated_rule(struct parsing *parsing, const struct wire_field *value)
{
    const struct rule_row *row = vocabulary_row(vocabulary_of_repeated(), value->number);
    if (value->number == INNER_ITEMS)
        return parse_inner(parsing, parsing->field, value, &parsing->rules->items);
    if (!row)
        return parsing_refuse_rule(parsing, "repeated", value->number);
    if (row->kind == CHECK_UNIQUE && parsing->field->type == FIELD_MESSAGE)
        return parsing_refuse(parsing, "say `unique`, which is for elements that are no messages");
    return part_add(parsing, NULL, "repeated", row, value);
}

static bool parse_map_rule(struct parsing *parsing, const struct wire_field *value)
{
    const struct schema_message *entry = parsing->field->message;
    const struct rule_row *row = vocabulary_row(vocabulary_of_maps(), value->number);
    if (value->number == INNER_KEYS)
        return parse_inner(parsing, schema_field_by_number(entry, 1), value, &parsing->rules->keys);
    if (value->number == INNER_VALUES)
        return parse_inner(parsing, schema_field_by_number(entry, 2), value,
                           &parsing->rules->values);
    return row ? part_add(parsing, NULL, "map", row, value)
               : parsing_refuse_rule(parsing, "map", value->number);
}

static bool parse_container(struct parsing *parsing, struct text bytes,
                            bool (*parse)(struct parsing *parsing, const struct wire_field *value))
{
    struct wire_field value;
    while (bytes.size > 0) {
        if (!wire_next(&bytes, &value))
            return parsing_unreadable(parsing);
        if (!parse(parsing, &value))
            return false;
    }
    return true;
}

static bool parse_ignore(struct parsing *parsing, uint64_t ignore)
{
    parsing->rules->skip_zero = ignore == IGNORE_IF_ZERO_VALUE;
    parsing->rules->skip = ignore == IGNORE_ALWAYS;
    return parsing->rules->skip_zero || parsing->rules->skip || ignore == IGNORE_UNSPECIFIED ||
           parsing_refuse(parsing, "have an `ignore` that is not known here");
}

/* One member of FieldRules that is a message: the rules of a type. */
static bool parse_type(struct parsing *parsing, const struct wire_field *rule)
{
    enum field_shape shape = parsing->is_element ? FIELD_SINGULAR : parsing->field->shape;
    const struct type_rules *part = vocabulary_part(rule->number);
    if (rule->number == RULE_REPEATED)
        return shape == FIELD_REPEATED ? parse_container(parsing, rule->bytes, parse_repeated_rule)
                                       : wrong_type(parsing, "repeated fields");
    if (rule->number == RULE_MAP)
        return shape == FIELD_MAP ? parse_container(parsing, rule->bytes, parse_map_rule)
                                  : wrong_type(parsing, "maps");
    if (!part)
        return parsing_refuse_rule(parsing, "field", rule->number);
    bool single = shape != FIELD_REPEATED && shape != FIELD_MAP;
    return single && rules_value_field(parsing->field)->type == part->type
               ? part_parse(parsing, part, rule->bytes)
               : wrong_type(parsing, part->name);
}

static bool parse_rule(struct parsing *parsing, const struct wire_field *rule)
{
    if (rule->number != RULE_REQUIRED && rule->number != RULE_IGNORE)
        return rule->type == WIRE_BYTES ? parse_type(parsing, rule)
                                        : parsing_refuse_rule(parsing, "field", rule->number);
    if (rule->type != WIRE_VARINT)
        return parsing_unreadable(parsing);
    if (rule->number == RULE_IGNORE)
        return parse_ignore(parsing, rule->value);
    if (parsing->is_element)
        return parsing_refuse(parsing,
                              "say `required` of elements, which means nothing; min_len and its "
                              "like say it");
    parsing->rules->required = rule->value != 0;
    return true;
}

static bool parse_rules(struct parsing *parsing, struct text bytes)
{
    return parse_container(parsing, bytes, parse_rule);
}

/* Calls for each occurrence of the extension in serialized options. */
static bool each_occurrence(struct parsing *parsing, struct text options, bool *found,
                            bool (*parse)(struct parsing *parsing, struct text bytes))
{
    struct wire_field option;
    while (options.size > 0) {
        if (!wire_next(&options, &option))
            return parsing_unreadable(parsing);
        if (option.number == PREDEFINED_EXTENSION)
            return parsing_refuse(parsing, "are predefined ones, which are not enforced here");
        if (option.number != EXTENSION)
            continue;
        *found = true;
        if (option.type != WIRE_BYTES)
            return parsing_unreadable(parsing);
        if (!parse(parsing, option.bytes))
            return false;
    }
    return true;
}

static bool finish(const struct parsing *parsing, const struct rules *rules)
{
    for (struct check *check = rules ? rules->checks : NULL; check; check = check->next)
        if (!check_finish(check, parsing->arena))
            return parsing_no_memory(parsing);
    return !rules || (finish(parsing, rules->items) && finish(parsing, rules->keys) &&
                      finish(parsing, rules->values));
}

bool rules_parse_field(struct text where, struct text field_options, struct schema_field *field,
                       struct arena *arena, struct status *status)
{
    bool found = false;
    struct parsing parsing = {.field = field,
                              .arena = arena,
                              .status = status,
                              .rules = arena_zalloc(arena, sizeof *parsing.rules)};
    bool good = parsing.rules ? each_occurrence(&parsing, field_options, &found, parse_rules) &&
                                    finish(&parsing, parsing.rules)
                              : parsing_no_memory(&parsing);
    if (!good) {
        rules_release(parsing.rules);
        return status_wrap(status, "%.*s", text_arguments(where));
    }
    if (found)
        field->constraints = parsing.rules;
    return true;
}

static bool refuse_message_rule(struct parsing *parsing, const struct wire_field *rule)
{
    return parsing_refuse_rule(parsing, "message", rule->number);
}

static bool refuse_message_rules(struct parsing *parsing, struct text bytes)
{
    return parse_container(parsing, bytes, refuse_message_rule);
}

bool rules_parse_message(struct text where, struct text message_options,
                         struct schema_message *message, struct arena *arena, struct status *status)
{
    (void)message;
    bool found = false;
    struct parsing parsing = {.arena = arena, .status = status};
    return each_occurrence(&parsing, message_options, &found, refuse_message_rules)
               ? true
               : status_wrap(status, "%.*s", text_arguments(where));
}

static bool parse_oneof_rule(struct parsing *parsing, const struct wire_field *rule)
{
    if (rule->number != ONEOF_REQUIRED)
        return parsing_refuse_rule(parsing, "oneof", rule->number);
    if (rule->type != WIRE_VARINT)
        return parsing_unreadable(parsing);
    parsing->rules->required = rule->value != 0;
    return true;
}

static bool parse_oneof(struct parsing *parsing, struct text bytes)
{
    return parse_container(parsing, bytes, parse_oneof_rule);
}

static bool add_required_oneof(const struct parsing *parsing, struct text oneof,
                               struct schema_message *message)
{
    struct rules *rules = arena_zalloc(parsing->arena, sizeof *rules);
    if (!rules)
        return parsing_no_memory(parsing);
    if (message->constraints)
        *rules = *message->constraints;
    if (rules->required_oneof_count == array_length(rules->required_oneofs))
        return parsing_refuse(parsing,
                              "make it the ninth oneof of its message that is required; eight "
                              "are enforced");
    rules->required_oneofs[rules->required_oneof_count++] = oneof;
    message->constraints = rules;
    return true;
}

bool rules_parse_oneof(struct text where, struct text oneof_options, struct text oneof,
                       struct schema_message *message, struct arena *arena, struct status *status)
{
    bool found = false;
    struct rules rules = {.required = false};
    struct parsing parsing = {.arena = arena, .status = status, .rules = &rules};
    bool good = each_occurrence(&parsing, oneof_options, &found, parse_oneof) &&
                (!rules.required || add_required_oneof(&parsing, oneof, message));
    return good ? true : status_wrap(status, "%.*s", text_arguments(where));
}

void rules_release(const struct rules *rules)
{
    if (!rules)
        return;
    for (const struct check *check = rules->checks; check; check = check->next)
        if (check->pattern)
            pattern_release(check->pattern);
    rules_release(rules->items);
    rules_release(rules->keys);
    rules_release(rules->values);
}
