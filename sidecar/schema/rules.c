/* SPDX-License-Identifier: MIT */
#include "schema/rules.h"

#include "schema/vocabulary.h"

#include "base/banned.h"

/* Numbers of buf/validate/validate.proto. */
#define EXTENSION 1159
#define PREDEFINED_EXTENSION 1160
enum { RULE_REPEATED = 18, RULE_MAP = 19, RULE_REQUIRED = 25, RULE_IGNORE = 27 };
enum { ONEOF_REQUIRED = 1 };
enum { INNER_ITEMS = 4, INNER_KEYS = 4, INNER_VALUES = 5 };
enum { IGNORE_UNSPECIFIED = 0, IGNORE_IF_ZERO_VALUE = 1, IGNORE_ALWAYS = 3 };

/*
 * Rules while they are read. protoc writes each line of an option as an occurrence of its own, so
 * that everything here adds to what came before.
 */
struct parsing {
    const struct schema_field *field; /* the field, or that of a map's keys or values */
    bool is_element;                  /* the rules are those of one element of it */
    struct arena *arena;
    struct status *status;
    struct rules *rules;
};

static bool parse_rules(struct parsing *parsing, struct text bytes);

const struct schema_field *rules_value_field(const struct schema_field *field)
{
    bool wrapper = field->type == FIELD_MESSAGE && field->message->well_known == WELL_KNOWN_WRAPPER;
    return wrapper ? &field->message->fields[0] : field;
}

static bool refuse_rule(const struct parsing *parsing, const char *part, uint32_t number)
{
    const char *name = vocabulary_refused(part, number);
    if (name)
        return status_fail(parsing->status, STATUS_INVALID_ARGUMENT,
                           "the rule %s.%s of buf.validate is not enforced here", part, name);
    return status_fail(parsing->status, STATUS_INVALID_ARGUMENT,
                       "buf.validate's %s rules have a number %u that is not known here", part,
                       number);
}

static bool refuse(const struct parsing *parsing, const char *why)
{
    return status_fail(parsing->status, STATUS_INVALID_ARGUMENT, "its buf.validate rules %s", why);
}

static bool unreadable(const struct parsing *parsing)
{
    return refuse(parsing, "cannot be read");
}

static bool no_memory(const struct parsing *parsing)
{
    return status_fail(parsing->status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the rules");
}

static bool wrong_type(const struct parsing *parsing, const char *rules)
{
    return status_fail(parsing->status, STATUS_INVALID_ARGUMENT,
                       "its buf.validate rules are for %s, which it is not", rules);
}

/* "string" and "min_len" to "string.min_len". */
static const char *make_id(const struct parsing *parsing, const char *part, const char *name)
{
    struct buffer id;
    buffer_init(&id, parsing->arena, 48);
    buffer_add_text(&id, text_of(part));
    buffer_add_char(&id, '.');
    buffer_add_text(&id, text_of(name));
    buffer_add_char(&id, '\0');
    return id.full ? NULL : id.at;
}

/* The check of that kind, which may be there already. */
static bool check_for(struct parsing *parsing, enum check_kind kind, const char *part,
                      const char *name, struct check **check)
{
    struct check **end = &parsing->rules->checks;
    while (*end && (*end)->kind != kind)
        end = &(*end)->next;
    if (!*end) {
        const char *id = make_id(parsing, part, name);
        struct check *added = arena_zalloc(parsing->arena, sizeof *added);
        if (!id || !added)
            return no_memory(parsing);
        added->kind = kind;
        added->id = id;
        *end = added;
    }
    *check = *end;
    return true;
}

/* `in` and `not_in` grow; of others the last value counts. */
static bool add_operand(const struct parsing *parsing, const struct type_rules *part,
                        struct check *check, const struct wire_field *value)
{
    bool textual = part->wire == WIRE_BYTES;
    size_t before =
        check->kind == CHECK_IN || check->kind == CHECK_NOT_IN ? check->operand_count : 0;
    struct operand *grown = arena_alloc(parsing->arena, (before + 1) * sizeof *grown);
    char *kept = textual ? arena_copy(parsing->arena, value->bytes.at, value->bytes.bytes) : NULL;
    if (!grown || (textual && !kept))
        return no_memory(parsing);
    if (before > 0)
        memcpy(grown, check->operands, before * sizeof *grown);
    grown[before] = textual ? (struct operand){.text = {kept, value->bytes.bytes}}
                            : (struct operand){.number = number_of_rule(part->type, value->value)};
    check->operands = grown;
    check->operand_count = before + 1;
    return true;
}

static bool set_bound(const struct parsing *parsing, const struct type_rules *part,
                      enum meaning meaning, struct check *check, const struct wire_field *value)
{
    bool low = meaning == MEANS_LOW || meaning == MEANS_LOW_INCLUSIVE;
    struct bound bound = {
        .given = true,
        .inclusive = meaning == MEANS_LOW_INCLUSIVE || meaning == MEANS_HIGH_INCLUSIVE,
        .at = number_of_rule(part->type, value->value),
    };
    if (number_compare(&bound.at, &bound.at) != 0)
        return refuse(parsing, "have a bound that is no number");
    *(low ? &check->low : &check->high) = bound;
    return true;
}

static bool set_pattern(const struct parsing *parsing, struct check *check, struct text text)
{
    const struct pattern *compiled;
    if (!pattern_compile(text, parsing->arena, &compiled, parsing->status))
        return false;
    if (check->pattern)
        pattern_release(check->pattern);
    check->pattern = compiled;
    return true;
}

static enum wire_type wire_type_of(const struct type_rules *part, enum meaning meaning)
{
    if (meaning == MEANS_PATTERN)
        return WIRE_BYTES;
    return meaning == MEANS_COUNT || meaning == MEANS_SWITCH ? WIRE_VARINT : part->wire;
}

/* `part` is not needed for the rules of repeated fields and maps. */
static bool add_check(struct parsing *parsing, const struct type_rules *part, const char *name,
                      const struct rule_row *row, const struct wire_field *value)
{
    struct check *check;
    if (row->meaning == MEANS_NOTHING)
        return true;
    if (value->type != wire_type_of(part, row->meaning))
        return unreadable(parsing);
    if (row->meaning == MEANS_SWITCH && value->value == 0)
        return true;
    if (!check_for(parsing, row->kind, name, row->name, &check))
        return false;
    switch (row->meaning) {
    case MEANS_OPERAND:
        return add_operand(parsing, part, check, value);
    case MEANS_COUNT:
        check->count = value->value;
        return true;
    case MEANS_LOW:
    case MEANS_LOW_INCLUSIVE:
    case MEANS_HIGH:
    case MEANS_HIGH_INCLUSIVE:
        return set_bound(parsing, part, row->meaning, check, value);
    case MEANS_PATTERN:
        return set_pattern(parsing, check, value->bytes);
    case MEANS_SWITCH:
    case MEANS_NOTHING:
    default:
        return true;
    }
}

static bool add_format(struct parsing *parsing, const struct string_format *format,
                       const struct wire_field *value)
{
    struct check *check;
    if (value->type != WIRE_VARINT)
        return unreadable(parsing);
    if (value->value == 0)
        return true;
    if (!check_for(parsing, CHECK_FORMAT, "string", "format", &check))
        return false;
    check->id = format->id;
    check->format = format;
    return true;
}

/* The rules of one type. */
static bool parse_part(struct parsing *parsing, const struct type_rules *part, struct text bytes)
{
    struct wire_field value;
    while (bytes.bytes > 0) {
        if (!wire_next(&bytes, &value))
            return unreadable(parsing);
        const struct rule_row *row = vocabulary_row(part->rows, value.number);
        const struct string_format *format =
            part->type == FIELD_STRING ? string_format_find(value.number) : NULL;
        bool good = row      ? add_check(parsing, part, part->name, row, &value)
                    : format ? add_format(parsing, format, &value)
                             : refuse_rule(parsing, part->name, value.number);
        if (!good)
            return false;
    }
    return true;
}

/* The rules of elements, keys or values. */
static bool parse_inner(const struct parsing *parsing, const struct schema_field *field,
                        const struct wire_field *value, struct rules **inner)
{
    if (value->type != WIRE_BYTES)
        return unreadable(parsing);
    if (!*inner)
        *inner = arena_zalloc(parsing->arena, sizeof **inner);
    if (!*inner)
        return no_memory(parsing);
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
        return refuse_rule(parsing, "repeated", value->number);
    if (row->kind == CHECK_UNIQUE && parsing->field->type == FIELD_MESSAGE)
        return refuse(parsing, "say `unique`, which is for elements that are no messages");
    return add_check(parsing, NULL, "repeated", row, value);
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
    return row ? add_check(parsing, NULL, "map", row, value)
               : refuse_rule(parsing, "map", value->number);
}

static bool parse_container(struct parsing *parsing, struct text bytes,
                            bool (*parse)(struct parsing *parsing, const struct wire_field *value))
{
    struct wire_field value;
    while (bytes.bytes > 0) {
        if (!wire_next(&bytes, &value))
            return unreadable(parsing);
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
           refuse(parsing, "have an `ignore` that is not known here");
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
        return refuse_rule(parsing, "field", rule->number);
    bool single = shape != FIELD_REPEATED && shape != FIELD_MAP;
    return single && rules_value_field(parsing->field)->type == part->type
               ? parse_part(parsing, part, rule->bytes)
               : wrong_type(parsing, part->name);
}

static bool parse_rule(struct parsing *parsing, const struct wire_field *rule)
{
    if (rule->number != RULE_REQUIRED && rule->number != RULE_IGNORE)
        return rule->type == WIRE_BYTES ? parse_type(parsing, rule)
                                        : refuse_rule(parsing, "field", rule->number);
    if (rule->type != WIRE_VARINT)
        return unreadable(parsing);
    if (rule->number == RULE_IGNORE)
        return parse_ignore(parsing, rule->value);
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
    while (options.bytes > 0) {
        if (!wire_next(&options, &option))
            return unreadable(parsing);
        if (option.number == PREDEFINED_EXTENSION)
            return refuse(parsing, "are predefined ones, which are not enforced here");
        if (option.number != EXTENSION)
            continue;
        *found = true;
        if (option.type != WIRE_BYTES)
            return unreadable(parsing);
        if (!parse(parsing, option.bytes))
            return false;
    }
    return true;
}

static bool finish(const struct parsing *parsing, const struct rules *rules)
{
    for (struct check *check = rules ? rules->checks : NULL; check; check = check->next)
        if (!check_finish(check, parsing->arena))
            return no_memory(parsing);
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
                              : no_memory(&parsing);
    if (!good) {
        rules_release(parsing.rules);
        return status_wrap(status, "%.*s", text_arguments(where));
    }
    if (found)
        field->rules = parsing.rules;
    return true;
}

static bool refuse_message_rule(struct parsing *parsing, const struct wire_field *rule)
{
    return refuse_rule(parsing, "message", rule->number);
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
        return refuse_rule(parsing, "oneof", rule->number);
    if (rule->type != WIRE_VARINT)
        return unreadable(parsing);
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
        return no_memory(parsing);
    if (message->rules)
        *rules = *message->rules;
    if (rules->required_oneof_count == array_length(rules->required_oneofs))
        return refuse(parsing, "make it the ninth oneof of its message that is required; eight "
                               "are enforced");
    rules->required_oneofs[rules->required_oneof_count++] = oneof;
    message->rules = rules;
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
