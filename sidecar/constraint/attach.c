/* SPDX-License-Identifier: MIT */
#include "constraint/attach.h"

#include "constraint/parse.h"
#include "schema/spread.h"

#include "base/banned.h"

/* Names a field, "file.proto: pkg.Message.field", or a message when `field` is empty. */
static struct text place_of(const struct schema_type *type, struct text field, struct arena *arena)
{
    struct buffer place;
    buffer_init(&place, arena, 128);
    buffer_add_text(&place, type->file);
    buffer_add_literal(&place, ": ");
    buffer_add_text(&place, type->message->full_name);
    if (field.size > 0)
        buffer_add_char(&place, '.');
    buffer_add_text(&place, field);
    return buffer_text(&place);
}

static bool attach_to_fields(const struct schema_type *type, struct arena *arena,
                             struct status *status)
{
    for (size_t i = 0; i < type->message->field_count; i++) {
        struct schema_field *field = &type->fields[i];
        struct text options = type->field_options[i];
        if (options.size > 0 && !constraints_parse_field(place_of(type, field->name, arena),
                                                         options, field, arena, status))
            return false;
    }
    return true;
}

static bool attach_to_oneofs(const struct schema_type *type, struct arena *arena,
                             struct status *status)
{
    for (size_t i = 0; i < type->oneof_count; i++) {
        const struct schema_oneof *oneof = &type->oneofs[i];
        if (oneof->options.size > 0 && !constraints_parse_oneof(place_of(type, oneof->name, arena),
                                                                oneof, type, arena, status))
            return false;
    }
    return true;
}

static bool attach_to_message(const struct schema_type *type, struct arena *arena,
                              struct status *status)
{
    return type->options.size == 0 ||
           constraints_parse_message(place_of(type, (struct text){"", 0}, arena), type, arena,
                                     status);
}

static bool has_constraints_itself(const struct schema_message *message)
{
    bool has = message->constraints;
    for (size_t i = 0; i < message->field_count && !has; i++)
        has = message->fields[i].constraints || message->fields[i].filled_by.size > 0;
    return has;
}

static bool constrain_holder(struct schema_message *holder, const struct schema_message *held)
{
    (void)held;
    bool is_new = !holder->has_constraints;
    holder->has_constraints = true;
    return is_new;
}

/* Sets has_constraints, so that validation skips the messages without. */
static void mark_constrained(const struct schema_type *types, size_t count)
{
    struct spread spread = {.reach = constrain_holder};
    for (size_t i = 0; i < count; i++) {
        types[i].message->has_constraints = has_constraints_itself(types[i].message);
        if (types[i].message->has_constraints)
            spread_add(&spread, types[i].message);
    }
    spread_run(&spread);
}

static void release(const struct schema *schema)
{
    size_t count;
    const struct schema_type *types = schema_types(schema, &count);
    for (size_t i = 0; i < count; i++) {
        constraints_release(types[i].message->constraints);
        for (size_t field = 0; field < types[i].message->field_count; field++)
            constraints_release(types[i].fields[field].constraints);
    }
}

static bool attach_to_type(const struct schema_type *type, struct arena *arena,
                           struct status *status)
{
    return attach_to_fields(type, arena, status) && attach_to_oneofs(type, arena, status) &&
           attach_to_message(type, arena, status);
}

void constraint_attach(struct schema *schema)
{
    size_t count;
    struct status status;
    const struct schema_type *types = schema_types(schema, &count);
    schema_on_free(schema, release);
    for (size_t i = 0; i < count && schema_has_room(schema, &status); i++)
        if (!attach_to_type(&types[i], schema_arena(schema), &status))
            schema_refuse(schema, &types[i], &status);
    mark_constrained(types, count);
}
