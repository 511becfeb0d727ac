/* SPDX-License-Identifier: MIT */
/* The rules of one type, of which each becomes a check. */
#include "constraint/parse.h"

#include "base/banned.h"

bool parsing_refuse_rule(const struct parsing *parsing, const char *part, uint32_t number)
{
    const char *name = vocabulary_refused(part, number);
    if (name)
        return status_fail(parsing->status, STATUS_INVALID_ARGUMENT,
                           "the rule %s.%s of buf.validate is not enforced here", part, name);
    return status_fail(parsing->status, STATUS_INVALID_ARGUMENT,
                       "buf.validate's %s rules have a number %u that is not known here", part,
                       number);
}

bool parsing_refuse(const struct parsing *parsing, const char *why)
{
    return status_fail(parsing->status, STATUS_INVALID_ARGUMENT, "its buf.validate rules %s", why);
}

bool parsing_unreadable(const struct parsing *parsing)
{
    return parsing_refuse(parsing, "cannot be read");
}

bool parsing_no_memory(const struct parsing *parsing)
{
    return status_fail(parsing->status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the rules");
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
            return parsing_no_memory(parsing);
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
    char *kept = textual ? arena_copy(parsing->arena, value->bytes.data, value->bytes.size) : NULL;
    if (!grown || (textual && !kept))
        return parsing_no_memory(parsing);
    if (before > 0)
        memcpy(grown, check->operands, before * sizeof *grown);
    grown[before] = textual ? (struct operand){.text = {kept, value->bytes.size}}
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
        return parsing_refuse(parsing, "have a bound that is no number");
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

bool part_add(struct parsing *parsing, const struct type_rules *part, const char *name,
              const struct rule_row *row, const struct wire_field *value)
{
    struct check *check;
    if (row->meaning == MEANS_NOTHING)
        return true;
    if (value->type != wire_type_of(part, row->meaning))
        return parsing_unreadable(parsing);
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
        return parsing_unreadable(parsing);
    if (value->value == 0)
        return true;
    if (!check_for(parsing, CHECK_FORMAT, "string", "format", &check))
        return false;
    check->id = format->id;
    check->format = format;
    return true;
}

bool part_parse(struct parsing *parsing, const struct type_rules *part, struct text bytes)
{
    struct wire_field value;
    while (bytes.size > 0) {
        if (!wire_next(&bytes, &value))
            return parsing_unreadable(parsing);
        const struct rule_row *row = vocabulary_row(part->rows, value.number);
        const struct string_format *format =
            part->type == FIELD_STRING ? string_format_find(value.number) : NULL;
        bool good = row      ? part_add(parsing, part, part->name, row, &value)
                    : format ? add_format(parsing, format, &value)
                             : parsing_refuse_rule(parsing, part->name, value.number);
        if (!good)
            return false;
    }
    return true;
}
