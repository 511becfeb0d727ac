/* SPDX-License-Identifier: MIT */
#include "schema/rules.h"

#include "schema/vocabulary.h"
#include "schema/wire.h"

#include "base/banned.h"

/* Numbers of buf/validate/validate.proto. */
#define EXTENSION 1159
#define PREDEFINED_EXTENSION 1160
enum { RULE_REPEATED = 18, RULE_MAP = 19, RULE_REQUIRED = 25, RULE_IGNORE = 27 };

/* At most: every rule of a type, and one range. */
#define MOST_CHECKS 24

/* One field's rules while they are read. */
struct parsing {
    struct schema_field field; /* the field, or a stand-in for its elements */
    struct arena *arena;
    struct status *status;
    struct check checks[MOST_CHECKS];
    size_t count;
    struct rules rules;
};

static bool parse_rules(struct parsing *parsing, struct text bytes);

static bool refuse_rule(struct parsing *parsing, const char *type, uint32_t number)
{
    return status_fail(
        parsing->status, STATUS_INVALID_ARGUMENT,
        "rule %u of buf.validate's %s rules is not enforced here, so that it must not be used",
        number, type);
}

static bool unreadable(struct parsing *parsing)
{
    return status_fail(parsing->status, STATUS_INVALID_ARGUMENT,
                       "its buf.validate rules cannot be read");
}

static bool no_memory(struct parsing *parsing)
{
    return status_fail(parsing->status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the rules");
}

/* "string" and "min_len" to "string.min_len". */
static const char *make_id(struct parsing *parsing, const char *type, const char *name)
{
    struct buffer id;
    buffer_init(&id, parsing->arena, 48);
    buffer_add_text(&id, text_of(type));
    buffer_add_char(&id, '.');
    buffer_add_text(&id, text_of(name));
    buffer_add_char(&id, '\0');
    return id.full ? NULL : id.at;
}

/* The check of that kind: protoc gives each rule apart, and they add up. */
static struct check *check_for(struct parsing *parsing, enum check_kind kind, const char *type,
                               const char *name)
{
    for (size_t i = 0; i < parsing->count; i++)
        if (parsing->checks[i].kind == kind)
            return &parsing->checks[i];
    const char *id = make_id(parsing, type, name);
    if (!id || parsing->count == MOST_CHECKS) {
        (void)!no_memory(parsing);
        return NULL;
    }
    parsing->checks[parsing->count] = (struct check){.kind = kind, .id = id};
    return &parsing->checks[parsing->count++];
}

static bool add_operand(struct parsing *parsing, struct check *check,
                        const struct wire_field *value)
{
    bool textual = parsing->field.type == FIELD_STRING || parsing->field.type == FIELD_BYTES;
    if (textual != (value->type == WIRE_BYTES))
        return unreadable(parsing);
    struct operand *grown = arena_alloc(parsing->arena, (check->operand_count + 1) * sizeof *grown);
    char *kept = textual ? arena_copy(parsing->arena, value->bytes.at, value->bytes.bytes) : NULL;
    if (!grown || (textual && !kept))
        return no_memory(parsing);
    if (check->operand_count > 0)
        memcpy(grown, check->operands, check->operand_count * sizeof *grown);
    grown[check->operand_count] =
        textual ? (struct operand){.text = {kept, value->bytes.bytes}}
                : (struct operand){.number = number_of_rule(parsing->field.type, value->value)};
    check->operands = grown;
    check->operand_count++;
    return true;
}

static bool add_check(struct parsing *parsing, const char *type, const struct rule_row *row,
                      const struct wire_field *value)
{
    struct check *check;
    if (row->meaning == MEANS_NOTHING || (row->meaning == MEANS_SWITCH && value->value == 0))
        return true;
    check = check_for(parsing, row->kind, type, row->name);
    if (!check)
        return false;
    struct bound bound = {.given = true,
                          .inclusive = row->meaning == MEANS_LOW_INCLUSIVE ||
                                       row->meaning == MEANS_HIGH_INCLUSIVE,
                          .at = number_of_rule(parsing->field.type, value->value)};
    switch (row->meaning) {
    case MEANS_OPERAND:
        return add_operand(parsing, check, value);
    case MEANS_COUNT:
        check->count = value->value;
        return value->type == WIRE_VARINT || unreadable(parsing);
    case MEANS_LOW:
    case MEANS_LOW_INCLUSIVE:
        check->low = bound;
        return true;
    case MEANS_HIGH:
    case MEANS_HIGH_INCLUSIVE:
        check->high = bound;
        return true;
    case MEANS_PATTERN:
        return value->type == WIRE_BYTES
                   ? pattern_compile(value->bytes, parsing->arena, &check->pattern, parsing->status)
                   : unreadable(parsing);
    case MEANS_SWITCH:
    case MEANS_NOTHING:
    default:
        return true;
    }
}

static bool add_format(struct parsing *parsing, const struct wire_field *value)
{
    const struct string_format *format = string_format_find(value->number);
    if (!format)
        return refuse_rule(parsing, "string", value->number);
    if (value->value == 0)
        return true;
    struct check *check = check_for(parsing, CHECK_FORMAT, "string", "format");
    if (!check)
        return false;
    check->id = format->id;
    check->format_name = format->name;
    check->format = format->fits;
    return true;
}

static bool parse_part(struct parsing *parsing, struct text bytes, const char *type,
                       struct rows rows)
{
    struct wire_field value;
    while (bytes.bytes > 0) {
        if (!wire_next(&bytes, &value))
            return unreadable(parsing);
        const struct rule_row *row = vocabulary_row(rows, value.number);
        bool good = row ? add_check(parsing, type, row, &value)
                    : parsing->field.type == FIELD_STRING && strcmp(type, "string") == 0
                        ? add_format(parsing, &value)
                        : refuse_rule(parsing, type, value.number);
        if (!good)
            return false;
    }
    return true;
}

/* The rules of elements, keys or values, which are rules of a field like themselves. */
static bool parse_inner(struct parsing *parsing, const struct schema_field *like, struct text bytes,
                        struct rules **inner)
{
    struct parsing *part = arena_zalloc(parsing->arena, sizeof *part);
    if (!part)
        return no_memory(parsing);
    part->field = *like;
    part->field.shape = FIELD_SINGULAR;
    part->arena = parsing->arena;
    part->status = parsing->status;
    bool good = parse_rules(part, bytes);
    part->rules.checks = part->checks;
    part->rules.count = part->count;
    /* Kept also when it failed: a pattern in it has to be released. */
    *inner = &part->rules;
    return good;
}

static bool parse_containers(struct parsing *parsing, const struct wire_field *part, bool is_map)
{
    const struct schema_field *field = &parsing->field;
    struct text rest = part->bytes;
    struct wire_field value;
    for (struct text one; rest.bytes > 0;) {
        one.at = rest.at;
        if (!wire_next(&rest, &value))
            return unreadable(parsing);
        one.bytes = (size_t)(rest.at - one.at);
        bool good = true;
        if (value.number == 4 && value.type == WIRE_BYTES)
            good = is_map ? parse_inner(parsing, schema_field_by_number(field->message, 1),
                                        value.bytes, &parsing->rules.keys)
                          : parse_inner(parsing, field, value.bytes, &parsing->rules.items);
        else if (is_map && value.number == 5 && value.type == WIRE_BYTES)
            good = parse_inner(parsing, schema_field_by_number(field->message, 2), value.bytes,
                               &parsing->rules.values);
        else
            good = parse_part(parsing, one, is_map ? "map" : "repeated",
                              is_map ? vocabulary_of_maps() : vocabulary_of_repeated());
        if (!good)
            return false;
    }
    return true;
}

static bool wrong_type(struct parsing *parsing, const char *rules)
{
    return status_fail(parsing->status, STATUS_INVALID_ARGUMENT,
                       "its buf.validate rules are for %s, which it is not", rules);
}

/* One member of FieldRules. */
static bool parse_rule(struct parsing *parsing, const struct wire_field *rule)
{
    enum field_shape shape = parsing->field.shape;
    bool single = shape != FIELD_REPEATED && shape != FIELD_MAP;
    switch (rule->number) {
    case RULE_REQUIRED:
        parsing->rules.required = rule->value != 0;
        return true;
    case RULE_IGNORE:
        parsing->rules.skip_zero = rule->value == 1;
        parsing->rules.skip = rule->value == 3;
        return rule->value <= 1 || rule->value == 3 ||
               refuse_rule(parsing, "ignore", (uint32_t)rule->value);
    case RULE_REPEATED:
        return shape == FIELD_REPEATED ? parse_containers(parsing, rule, false)
                                       : wrong_type(parsing, "repeated fields");
    case RULE_MAP:
        return shape == FIELD_MAP ? parse_containers(parsing, rule, true)
                                  : wrong_type(parsing, "maps");
    default:
        break;
    }
    const struct type_rules *part = vocabulary_part(rule->number);
    if (!part)
        return refuse_rule(parsing, "field", rule->number);
    if (!single || parsing->field.type != part->type)
        return wrong_type(parsing, part->name);
    return rule->type == WIRE_BYTES ? parse_part(parsing, rule->bytes, part->name, part->rows)
                                    : unreadable(parsing);
}

static bool parse_rules(struct parsing *parsing, struct text bytes)
{
    struct wire_field rule;
    while (bytes.bytes > 0) {
        if (!wire_next(&bytes, &rule))
            return unreadable(parsing);
        if (!parse_rule(parsing, &rule))
            return false;
    }
    return true;
}

/* Calls for each occurrence of the extension in serialized options. */
static bool each_occurrence(struct parsing *parsing, struct text options, bool *found,
                            bool (*parse)(struct parsing *parsing, struct text bytes))
{
    struct wire_field option;
    while (options.bytes > 0) {
        if (!wire_next(&options, &option))
            return unreadable(parsing);
        if (option.number == PREDEFINED_EXTENSION && option.type == WIRE_BYTES)
            return status_fail(parsing->status, STATUS_INVALID_ARGUMENT,
                               "predefined rules are not enforced here");
        if (option.number != EXTENSION || option.type != WIRE_BYTES)
            continue;
        *found = true;
        if (!parse(parsing, option.bytes))
            return false;
    }
    return true;
}

bool rules_parse_field(struct text where, struct text field_options, struct schema_field *field,
                       struct arena *arena, struct status *status)
{
    bool found = false;
    struct parsing *parsing = arena_zalloc(arena, sizeof *parsing);
    if (!parsing)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the rules");
    parsing->field = *field;
    parsing->arena = arena;
    parsing->status = status;
    bool good = each_occurrence(parsing, field_options, &found, parse_rules);
    parsing->rules.checks = parsing->checks;
    parsing->rules.count = parsing->count;
    if (!good) {
        rules_release(&parsing->rules);
        return status_wrap(status, "%.*s", text_arguments(where));
    }
    if (found)
        field->rules = &parsing->rules;
    return true;
}

static bool refuse_message_rules(struct parsing *parsing, struct text bytes)
{
    struct wire_field rule;
    if (bytes.bytes == 0)
        return true;
    return wire_next(&bytes, &rule) ? refuse_rule(parsing, "message", rule.number)
                                    : unreadable(parsing);
}

bool rules_parse_message(struct text where, struct text message_options,
                         struct schema_message *message, struct arena *arena, struct status *status)
{
    (void)message;
    bool found = false;
    struct parsing parsing = {.arena = arena, .status = status};
    return each_occurrence(&parsing, message_options, &found, refuse_message_rules) ||
           status_wrap(status, "%.*s", text_arguments(where));
}

static bool parse_oneof(struct parsing *parsing, struct text bytes)
{
    struct wire_field rule;
    while (bytes.bytes > 0) {
        if (!wire_next(&bytes, &rule))
            return unreadable(parsing);
        if (rule.number != 1)
            return refuse_rule(parsing, "oneof", rule.number);
        parsing->rules.required = rule.value != 0;
    }
    return true;
}

bool rules_parse_oneof(struct text where, struct text oneof_options, struct text oneof,
                       struct schema_message *message, struct arena *arena, struct status *status)
{
    bool found = false;
    struct parsing parsing = {.arena = arena, .status = status};
    if (!each_occurrence(&parsing, oneof_options, &found, parse_oneof))
        return status_wrap(status, "%.*s", text_arguments(where));
    if (!parsing.rules.required)
        return true;
    struct rules *rules = arena_zalloc(arena, sizeof *rules);
    if (!rules)
        return no_memory(&parsing);
    if (message->rules)
        *rules = *message->rules;
    if (rules->required_oneof_count == array_length(rules->required_oneofs))
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s: too many required oneofs",
                           text_arguments(where));
    rules->required_oneofs[rules->required_oneof_count++] = oneof;
    message->rules = rules;
    return true;
}

void rules_release(const struct rules *rules)
{
    if (!rules)
        return;
    for (size_t i = 0; i < rules->count; i++)
        if (rules->checks[i].pattern.code)
            pattern_release(&rules->checks[i].pattern);
    rules_release(rules->items);
    rules_release(rules->keys);
    rules_release(rules->values);
}
