/* SPDX-License-Identifier: MIT */
#include "rest/fill.h"

#include <stdint.h>

#include "base/banned.h"

static bool is_request(const struct schema *schema, const struct schema_message *message)
{
    size_t count;
    const struct schema_method *methods = schema_methods(schema, &count);
    for (size_t i = 0; i < count; i++)
        if (methods[i].request == message)
            return true;
    return false;
}

static bool is_part(const struct schema *schema, const struct schema_message *message)
{
    size_t count;
    const struct schema_type *types = schema_types(schema, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t field = 0; field < types[i].message->field_count; field++)
            if (types[i].fields[field].message == message)
                return true;
    return false;
}

static bool attach_to_field(const struct schema *schema, const struct schema_message *message,
                            const struct fill_source *source, struct schema_field *field,
                            struct status *status)
{
    const char *value;
    if (!is_request(schema, message) || is_part(schema, message))
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

static bool attach_to_type(const struct schema *schema, const struct schema_type *type,
                           const struct fill_source *source, struct status *status)
{
    for (size_t i = 0; i < type->message->field_count; i++) {
        struct schema_field *field = &type->fields[i];
        if (field->filled_by.size > 0 &&
            !attach_to_field(schema, type->message, source, field, status))
            return status_wrap(status, "%.*s: %.*s.%.*s", text_arguments(type->file),
                               text_arguments(type->message->full_name),
                               text_arguments(field->name));
    }
    return true;
}

bool fill_attach(const struct schema *schema, const struct fill_source *source,
                 struct status *status)
{
    size_t count;
    const struct schema_type *types = schema_types(schema, &count);
    for (size_t i = 0; i < count; i++)
        if (!attach_to_type(schema, &types[i], source, status))
            return false;
    return true;
}

void fill_message(const struct schema_message *type, ProtobufCMessage *message)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        if (field->fill.size == 0)
            continue;
        ProtobufCBinaryData *text = schema_value(message, field);
        if (text->len > 0)
            continue;
        *text = (ProtobufCBinaryData){.len = field->fill.size,
                                      .data = (uint8_t *)(uintptr_t)field->fill.data};
        schema_field_mark_present(message, field);
    }
}

struct text fill_value(const struct schema_message *type, const ProtobufCMessage *message,
                       struct text option)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        const ProtobufCBinaryData *text = schema_value(message, field);
        if (text_equal(field->filled_by, option))
            return (struct text){(const char *)text->data, text->len};
    }
    return (struct text){NULL, 0};
}
