/* SPDX-License-Identifier: MIT */
#include "rest/fill.h"

#include <stdint.h>

#include "base/banned.h"

static bool attach_to_field(const struct schema_type *type, const struct fill_source *source,
                            struct schema_field *field, struct status *status)
{
    const char *value;
    if (!type->is_request || type->is_part)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "filled_by is for the fields of a method's request, and this message is "
                           "not one or is also a part of another");
    if (!source->find(source->context, field->filled_by, &value))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "filled_by: the sidecar has no text option \"%.*s\"",
                           text_arguments(field->filled_by));
    field->fill = text_of(value ? value : "");
    return true;
}

static bool attach_to_type(const struct schema_type *type, const struct fill_source *source,
                           struct status *status)
{
    for (size_t i = 0; i < type->message->field_count; i++) {
        struct schema_field *field = &type->fields[i];
        if (field->filled_by.size > 0 && !attach_to_field(type, source, field, status))
            return status_wrap(status, "%.*s: %.*s.%.*s", text_arguments(type->file),
                               text_arguments(type->message->full_name),
                               text_arguments(field->name));
    }
    return true;
}

void fill_attach(struct schema *schema, const struct fill_source *source)
{
    size_t count;
    struct status status;
    const struct schema_type *types = schema_types(schema, &count);
    for (size_t i = 0; i < count; i++)
        if (!attach_to_type(&types[i], source, &status))
            schema_refuse(schema, &types[i], &status);
}

static void set(const struct schema_field *field, ProtobufCMessage *message, struct text value)
{
    ProtobufCBinaryData *text = schema_value(message, field);
    if (value.size == 0 || text->len > 0)
        return;
    *text = (ProtobufCBinaryData){.len = value.size, .data = (uint8_t *)(uintptr_t)value.data};
    schema_field_mark_present(message, field);
}

void fill_message(const struct schema_message *type, ProtobufCMessage *message)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].fill.size > 0)
            set(&type->fields[i], message, type->fields[i].fill);
}

void fill_with(const struct schema_message *type, ProtobufCMessage *message, struct text option,
               struct text value)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (text_equal(type->fields[i].filled_by, option))
            set(&type->fields[i], message, value);
}

static const struct schema_field *find_filled(const struct schema_message *type, struct text option)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (text_equal(type->fields[i].filled_by, option))
            return &type->fields[i];
    return NULL;
}

bool fill_is_missing(const struct schema_message *type, const ProtobufCMessage *message,
                     struct text option)
{
    return find_filled(type, option) && fill_value(type, message, option).size == 0;
}

struct text fill_value(const struct schema_message *type, const ProtobufCMessage *message,
                       struct text option)
{
    const struct schema_field *field = find_filled(type, option);
    return field ? schema_text(schema_value(message, field)) : (struct text){NULL, 0};
}
