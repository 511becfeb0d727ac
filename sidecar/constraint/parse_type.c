/* SPDX-License-Identifier: MIT */
/* The rules of one type; each becomes a check. */
#include "constraint/parse.h"

#include "base/banned.h"

bool parser_refuse_rule(const struct constraint_parser *parser, const char *part, uint32_t number)
{
    const char *name = constraint_table_unsupported(part, number);
    if (name)
        return status_fail(parser->status, STATUS_INVALID_ARGUMENT,
                           "the rule %s.%s of buf.validate is not enforced here", part, name);
    return status_fail(parser->status, STATUS_INVALID_ARGUMENT,
                       "the %s rules of buf.validate have a number %u that is not known here", part,
                       number);
}

bool parser_refuse(const struct constraint_parser *parser, const char *why)
{
    return status_fail(parser->status, STATUS_INVALID_ARGUMENT, "its buf.validate rules %s", why);
}

bool parser_unreadable(const struct constraint_parser *parser)
{
    return parser_refuse(parser, "cannot be read");
}

bool parser_no_memory(const struct constraint_parser *parser)
{
    return status_fail(parser->status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the rules");
}

/* Joins "string" and "min_len" to "string.min_len". */
static const char *make_id(const struct constraint_parser *parser, const char *part,
                           const char *name)
{
    struct buffer id;
    buffer_init(&id, parser->arena, 48);
    buffer_add_text(&id, text_of(part));
    buffer_add_char(&id, '.');
    buffer_add_text(&id, text_of(name));
    buffer_add_char(&id, '\0');
    return id.full ? NULL : id.at;
}

/* Finds the check of that kind, or adds one. */
static bool check_for(struct constraint_parser *parser, enum check_kind kind, const char *part,
                      const char *name, struct check **check)
{
    struct check **end = &parser->constraints->checks;
    while (*end && (*end)->kind != kind)
        end = &(*end)->next;
    if (!*end) {
        const char *id = make_id(parser, part, name);
        struct check *added = arena_zalloc(parser->arena, sizeof *added);
        if (!id || !added)
            return parser_no_memory(parser);
        added->kind = kind;
        added->id = id;
        *end = added;
    }
    *check = *end;
    return true;
}

static bool is_list(const struct check *check)
{
    return check->kind == CHECK_IN || check->kind == CHECK_NOT_IN || check->kind == CHECK_PATHS ||
           check->kind == CHECK_PATHS_IN || check->kind == CHECK_PATHS_NOT_IN;
}

static bool grow(struct check *check, struct arena *arena)
{
    size_t room = check->operand_room ? check->operand_room * 2 : 1;
    struct operand *grown = arena_alloc(arena, room * sizeof *grown);
    if (!grown)
        return false;
    if (check->operand_count > 0)
        memcpy(grown, check->operands, check->operand_count * sizeof *grown);
    check->operands = grown;
    check->operand_room = room;
    return true;
}

/* Adds an operand to a list; of other rules the last one counts. */
static bool add_operand(const struct constraint_parser *parser, struct check *check,
                        struct operand operand)
{
    size_t before = is_list(check) ? check->operand_count : 0;
    if (before == check->operand_room && !grow(check, parser->arena))
        return parser_no_memory(parser);
    check->operands[before] = operand;
    check->operand_count = before + 1;
    return true;
}

static bool add_text(const struct constraint_parser *parser, struct check *check, struct text text)
{
    char *kept = arena_copy(parser->arena, text.data, text.size);
    return kept ? add_operand(parser, check, (struct operand){.text = {kept, text.size}})
                : parser_no_memory(parser);
}

static bool read_number(const struct constraint_parser *parser, const struct type_rules *part,
                        const struct wire_field *value, struct number *number)
{
    if (part->type == FIELD_MESSAGE)
        return time_of_rule(part->well_known, value->bytes, number) || parser_unreadable(parser);
    *number = number_of_rule(part->type, value->value);
    return true;
}

static bool add_value(const struct constraint_parser *parser, const struct type_rules *part,
                      struct check *check, const struct wire_field *value)
{
    struct operand operand = {.text = {NULL, 0}};
    if (part->type == FIELD_STRING || part->type == FIELD_BYTES)
        return add_text(parser, check, value->bytes);
    return read_number(parser, part, value, &operand.number) && add_operand(parser, check, operand);
}

static bool add_span(const struct constraint_parser *parser, struct check *check,
                     struct text duration)
{
    struct operand operand = {.text = {NULL, 0}};
    return time_of_rule(WELL_KNOWN_DURATION, duration, &operand.number)
               ? add_operand(parser, check, operand)
               : parser_unreadable(parser);
}

/* Adds the paths of a serialized FieldMask. */
static bool add_paths(const struct constraint_parser *parser, struct check *check, struct text mask)
{
    struct wire_field path;
    while (mask.size > 0) {
        if (!wire_next(&mask, &path) || path.number != 1 || path.type != WIRE_BYTES)
            return parser_unreadable(parser);
        if (!add_text(parser, check, path.bytes))
            return false;
    }
    return true;
}

static bool set_bound(const struct constraint_parser *parser, const struct type_rules *part,
                      enum meaning meaning, struct check *check, const struct wire_field *value)
{
    bool low = meaning == MEANS_LOW || meaning == MEANS_LOW_INCLUSIVE;
    struct bound bound = {
        .given = true,
        .inclusive = meaning == MEANS_LOW_INCLUSIVE || meaning == MEANS_HIGH_INCLUSIVE,
    };
    if (!read_number(parser, part, value, &bound.at))
        return false;
    if (number_compare(&bound.at, &bound.at) != 0)
        return parser_refuse(parser, "have a bound that is not a number");
    *(low ? &check->low : &check->high) = bound;
    return true;
}

static bool set_pattern(const struct constraint_parser *parser, struct check *check,
                        struct text text)
{
    const struct pattern *compiled;
    if (!pattern_compile(text, parser->arena, &compiled, parser->status))
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
    bool is_varint =
        meaning == MEANS_COUNT || meaning == MEANS_SWITCH || meaning == MEANS_STRICTNESS;
    return is_varint ? WIRE_VARINT : part->wire;
}

bool type_rules_add(struct constraint_parser *parser, const struct type_rules *part,
                    const char *name, const struct rule_row *row, const struct wire_field *value)
{
    struct check *check;
    if (row->meaning == MEANS_NOTHING)
        return true;
    if (value->type != wire_type_of(part, row->meaning))
        return parser_unreadable(parser);
    if (row->meaning == MEANS_SWITCH && value->value == 0)
        return true;
    if (row->meaning == MEANS_STRICTNESS) {
        parser->constraints->loose = value->value == 0;
        return true;
    }
    if (!check_for(parser, row->kind, name, row->name, &check))
        return false;
    switch (row->meaning) {
    case MEANS_OPERAND:
        return add_value(parser, part, check, value);
    case MEANS_SPAN:
        return add_span(parser, check, value->bytes);
    case MEANS_PATH:
        return add_text(parser, check, value->bytes);
    case MEANS_PATHS:
        return add_paths(parser, check, value->bytes);
    case MEANS_COUNT:
        check->count = value->value;
        return true;
    case MEANS_LOW:
    case MEANS_LOW_INCLUSIVE:
    case MEANS_HIGH:
    case MEANS_HIGH_INCLUSIVE:
        return set_bound(parser, part, row->meaning, check, value);
    case MEANS_PATTERN:
        return set_pattern(parser, check, value->bytes);
    case MEANS_SWITCH:
    case MEANS_STRICTNESS:
    case MEANS_NOTHING:
    default:
        return true;
    }
}

static bool add_format(struct constraint_parser *parser, const struct type_rules *part,
                       const struct wire_field *value)
{
    struct check *check;
    if (value->type != WIRE_VARINT)
        return parser_unreadable(parser);
    if (value->value == 0)
        return true;
    const struct value_format *format = value_format_find(part->type, value->number, value->value);
    if (!format)
        return parser_refuse(parser, "name a format that is not known here");
    if (!check_for(parser, CHECK_FORMAT, part->name, "format", &check))
        return false;
    check->id = format->id;
    check->format = format;
    return true;
}

bool type_rules_parse(struct constraint_parser *parser, const struct type_rules *part,
                      struct text bytes)
{
    struct wire_field value;
    while (bytes.size > 0) {
        if (!wire_next(&bytes, &value))
            return parser_unreadable(parser);
        const struct rule_row *row = constraint_table_row(part->rows, value.number);
        bool names_format = value_format_has(part->type, value.number);
        bool good = row            ? type_rules_add(parser, part, part->name, row, &value)
                    : names_format ? add_format(parser, part, &value)
                                   : parser_refuse_rule(parser, part->name, value.number);
        if (!good)
            return false;
    }
    return true;
}
