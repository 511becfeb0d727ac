/* SPDX-License-Identifier: MIT */
/* The rules of messages and of their oneofs. */
#include "constraint/parse.h"

#include "base/banned.h"

/* Field numbers of buf/validate/validate.proto. */
enum { MESSAGE_ONEOF = 4 };
enum { MESSAGE_ONEOF_FIELDS = 1, MESSAGE_ONEOF_REQUIRED = 2 };
enum { ONEOF_REQUIRED = 1 };

static bool read_required(const struct constraint_parser *parser, const struct wire_field *rule)
{
    if (rule->type != WIRE_VARINT)
        return parser_unreadable(parser);
    parser->oneof->required = rule->value != 0;
    return true;
}

static bool names_field(const struct oneof_rule *oneof, const struct schema_field *field)
{
    for (size_t i = 0; i < oneof->field_count; i++)
        if (oneof->fields[i] == field)
            return true;
    return false;
}

static bool add_field(const struct constraint_parser *parser, const struct schema_field *field)
{
    struct oneof_rule *oneof = parser->oneof;
    const struct schema_field **grown =
        arena_alloc(parser->arena, (oneof->field_count + 1) * sizeof *grown);
    if (!grown)
        return parser_no_memory(parser);
    if (oneof->field_count > 0)
        memcpy(grown, oneof->fields, oneof->field_count * sizeof *grown);
    grown[oneof->field_count++] = field;
    oneof->fields = grown;
    return true;
}

static bool read_field(const struct constraint_parser *parser, const struct wire_field *rule)
{
    if (rule->type != WIRE_BYTES)
        return parser_unreadable(parser);
    const struct schema_field *field = schema_field_by_name(parser->type->message, rule->bytes);
    if (!field)
        return parser_refuse(parser, "name a field in `oneof` that the message does not have");
    if (names_field(parser->oneof, field))
        return parser_refuse(parser, "name a field in `oneof` twice");
    return add_field(parser, field);
}

static bool parse_message_oneof_rule(struct constraint_parser *parser,
                                     const struct wire_field *rule)
{
    if (rule->number == MESSAGE_ONEOF_FIELDS)
        return read_field(parser, rule);
    return rule->number == MESSAGE_ONEOF_REQUIRED
               ? read_required(parser, rule)
               : parser_refuse_rule(parser, "message.oneof", rule->number);
}

/* "`before` a, b `after`" */
static struct text sentence(struct arena *arena, const struct oneof_rule *oneof, const char *before,
                            const char *after)
{
    struct buffer out;
    buffer_init(&out, arena, 64);
    buffer_add_text(&out, text_of(before));
    for (size_t i = 0; i < oneof->field_count; i++) {
        buffer_add_text(&out, i > 0 ? text_literal(", ") : text_literal(" "));
        buffer_add_text(&out, oneof->fields[i]->name);
    }
    buffer_add_text(&out, text_of(after));
    return buffer_text(&out);
}

/* The rules of a field that is one of several are for the one that is set. */
static bool ignore_zero_values(const struct constraint_parser *parser)
{
    for (size_t i = 0; i < parser->oneof->field_count; i++) {
        struct schema_field *field =
            &parser->type->fields[parser->oneof->fields[i] - parser->type->message->fields];
        if (!field->constraints)
            continue;
        struct constraints *relaxed = arena_alloc(parser->arena, sizeof *relaxed);
        if (!relaxed)
            return parser_no_memory(parser);
        *relaxed = *field->constraints;
        relaxed->skip_zero = true;
        field->constraints = relaxed;
    }
    return true;
}

static bool attach(const struct constraint_parser *parser, const struct oneof_rule *oneof)
{
    struct schema_message *message = parser->type->message;
    struct constraints *constraints = arena_zalloc(parser->arena, sizeof *constraints);
    struct oneof_rule *added = arena_alloc(parser->arena, sizeof *added);
    if (!constraints || !added)
        return parser_no_memory(parser);
    if (message->constraints)
        *constraints = *message->constraints;
    *added = *oneof;
    if (constraints->last_oneof)
        constraints->last_oneof->next = added;
    else
        constraints->oneofs = added;
    constraints->last_oneof = added;
    message->constraints = constraints;
    return true;
}

static bool parse_message_oneof(struct constraint_parser *parser, struct text bytes)
{
    struct oneof_rule oneof = {.id = "message.oneof"};
    parser->oneof = &oneof;
    if (!parser_each_rule(parser, bytes, parse_message_oneof_rule))
        return false;
    if (oneof.field_count == 0)
        return parser_refuse(parser, "have a `oneof` that names no field");
    oneof.none = sentence(parser->arena, &oneof, "one of", " must be set");
    oneof.two = sentence(parser->arena, &oneof, "only one of", " can be set");
    return oneof.none.size && oneof.two.size ? ignore_zero_values(parser) && attach(parser, &oneof)
                                             : parser_no_memory(parser);
}

static bool parse_message_rule(struct constraint_parser *parser, const struct wire_field *rule)
{
    if (rule->number != MESSAGE_ONEOF)
        return parser_refuse_rule(parser, "message", rule->number);
    return rule->type == WIRE_BYTES ? parse_message_oneof(parser, rule->bytes)
                                    : parser_unreadable(parser);
}

static bool parse_message(struct constraint_parser *parser, struct text bytes)
{
    return parser_each_rule(parser, bytes, parse_message_rule);
}

bool constraints_parse_message(struct text where, const struct schema_type *type,
                               struct arena *arena, struct status *status)
{
    bool found = false;
    struct constraint_parser parser = {.arena = arena, .status = status, .type = type};
    return parser_each_occurrence(&parser, type->options, &found, parse_message)
               ? true
               : status_wrap(status, "%.*s", text_arguments(where));
}

static bool parse_oneof_rule(struct constraint_parser *parser, const struct wire_field *rule)
{
    return rule->number == ONEOF_REQUIRED ? read_required(parser, rule)
                                          : parser_refuse_rule(parser, "oneof", rule->number);
}

static bool parse_oneof(struct constraint_parser *parser, struct text bytes)
{
    return parser_each_rule(parser, bytes, parse_oneof_rule);
}

bool constraints_parse_oneof(struct text where, const struct schema_oneof *oneof,
                             const struct schema_type *type, struct arena *arena,
                             struct status *status)
{
    bool found = false;
    struct oneof_rule rule = {.id = "required",
                              .name = oneof->name,
                              .none = text_literal("one of its members must be set"),
                              .fields = oneof->members,
                              .field_count = oneof->member_count};
    struct constraint_parser parser = {
        .arena = arena, .status = status, .oneof = &rule, .type = type};
    bool good = parser_each_occurrence(&parser, oneof->options, &found, parse_oneof) &&
                (!rule.required || attach(&parser, &rule));
    return good ? true : status_wrap(status, "%.*s", text_arguments(where));
}
