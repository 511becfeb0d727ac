/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include <assert.h>
#include <math.h>

#include "base/base64.h"
#include "json/forms.h"
#include "json/strings.h"

#include "base/banned.h"

struct writer {
    struct buffer *out;
    const struct json_style *style;
    struct status *status;
    size_t depth;
};

static bool write_message(struct writer *writer, const struct schema_message *type,
                          const ProtobufCMessage *message);

static void new_line(struct writer *writer)
{
    if (!writer->style->indented)
        return;
    buffer_add_char(writer->out, '\n');
    for (size_t i = 0; i < writer->depth; i++)
        buffer_add_literal(writer->out, "  ");
}

static void open(struct writer *writer, char c)
{
    buffer_add_char(writer->out, c);
    writer->depth++;
}

static void close(struct writer *writer, char c, bool empty)
{
    writer->depth--;
    if (!empty)
        new_line(writer);
    buffer_add_char(writer->out, c);
}

/* Before each member or element. */
static void separate(struct writer *writer, bool *first)
{
    if (!*first)
        buffer_add_char(writer->out, ',');
    *first = false;
    new_line(writer);
}

static void colon(struct writer *writer)
{
    buffer_add_char(writer->out, ':');
    if (writer->style->indented)
        buffer_add_char(writer->out, ' ');
}

static void write_real(struct writer *writer, double number, bool single)
{
    char text[REAL_BYTES];
    if (isnan(number))
        buffer_add_literal(writer->out, "\"NaN\"");
    else if (isinf(number))
        buffer_add_text(writer->out,
                        number > 0 ? text_literal("\"Infinity\"") : text_literal("\"-Infinity\""));
    else
        buffer_add(writer->out, text, text_from_real(text, number, single));
}

static void write_enum(struct writer *writer, const struct schema_enum *enumeration, int32_t number)
{
    if (enumeration->is_null_value) {
        buffer_add_literal(writer->out, "null");
        return;
    }
    struct text name = {NULL, 0};
    if (writer->style->enum_names)
        name = schema_enum_name(enumeration, number);
    if (name.size > 0)
        json_add_string(writer->out, name);
    else
        buffer_add_i64(writer->out, number);
}

static void write_scalar(struct writer *writer, const struct schema_field *field, const void *at)
{
    switch (field->type) {
    case FIELD_STRING:
        json_add_string(writer->out, schema_text(at));
        return;
    case FIELD_BYTES:
        buffer_add_char(writer->out, '"');
        base64_encode(schema_text(at), BASE64_STANDARD, writer->out);
        buffer_add_char(writer->out, '"');
        return;
    case FIELD_BOOL:
        buffer_add_text(writer->out, *(const protobuf_c_boolean *)at ? text_literal("true")
                                                                     : text_literal("false"));
        return;
    case FIELD_INT32:
    case FIELD_SINT32:
    case FIELD_SFIXED32:
        buffer_add_i64(writer->out, *(const int32_t *)at);
        return;
    case FIELD_UINT32:
    case FIELD_FIXED32:
        buffer_add_u64(writer->out, *(const uint32_t *)at);
        return;
    case FIELD_INT64:
    case FIELD_SINT64:
    case FIELD_SFIXED64:
        buffer_add_i64(writer->out, *(const int64_t *)at);
        return;
    case FIELD_UINT64:
    case FIELD_FIXED64:
        buffer_add_u64(writer->out, *(const uint64_t *)at);
        return;
    case FIELD_ENUM:
        write_enum(writer, field->enumeration, *(const int32_t *)at);
        return;
    case FIELD_FLOAT:
        write_real(writer, (double)*(const float *)at, true);
        return;
    case FIELD_DOUBLE:
        write_real(writer, *(const double *)at, false);
        return;
    case FIELD_MESSAGE:
    default:
        assert(false);
    }
}

static bool is_64bit_integer(enum field_type type)
{
    return schema_type_bytes(type) == sizeof(uint64_t) && type != FIELD_DOUBLE &&
           type != FIELD_MESSAGE;
}

static void write_quoted(struct writer *writer, const struct schema_field *field, const void *at)
{
    buffer_add_char(writer->out, '"');
    write_scalar(writer, field, at);
    buffer_add_char(writer->out, '"');
}

/* Writes one value, of a singular field or of an element. */
static bool write_one(struct writer *writer, const struct schema_field *field, const void *at)
{
    if (field->type == FIELD_MESSAGE)
        return write_message(writer, field->message, *(ProtobufCMessage *const *)at);
    if (writer->style->int64 == JSON_INT64_STRING && is_64bit_integer(field->type))
        write_quoted(writer, field, at);
    else
        write_scalar(writer, field, at);
    return true;
}

static bool write_array(struct writer *writer, const struct schema_field *field,
                        const ProtobufCMessage *message)
{
    const char *elements = *(char *const *)schema_value(message, field);
    size_t count = schema_count(message, field), bytes = schema_type_bytes(field->type);
    open(writer, '[');
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        separate(writer, &first);
        if (!write_one(writer, field, elements + i * bytes))
            return status_wrap(writer->status, "[%zu]", i);
    }
    close(writer, ']', first);
    return true;
}

/* The name of a member is a string, whatever the type of the key. */
static void write_key(struct writer *writer, const struct schema_field *key, const void *at)
{
    if (key->type == FIELD_STRING)
        write_scalar(writer, key, at);
    else
        write_quoted(writer, key, at);
}

static bool write_map(struct writer *writer, const struct schema_field *field,
                      const ProtobufCMessage *message)
{
    const struct schema_field *key = schema_field_by_number(field->message, 1),
                              *value = schema_field_by_number(field->message, 2);
    ProtobufCMessage *const *entries =
        *(ProtobufCMessage *const *const *)schema_value(message, field);
    open(writer, '{');
    bool first = true;
    for (size_t i = 0; i < schema_count(message, field); i++) {
        separate(writer, &first);
        write_key(writer, key, schema_value(entries[i], key));
        colon(writer);
        if (!write_one(writer, value, schema_value(entries[i], value)))
            return false;
    }
    close(writer, '}', first);
    return true;
}

static bool write_field(struct writer *writer, const struct schema_field *field,
                        const ProtobufCMessage *message)
{
    if (field->shape == FIELD_MAP)
        return write_map(writer, field, message);
    if (field->shape == FIELD_REPEATED)
        return write_array(writer, field, message);
    return write_one(writer, field, schema_value(message, field));
}

static void write_name(struct writer *writer, const struct schema_field *field)
{
    buffer_add_text(writer->out, field->json_keys[writer->style->names]);
    if (writer->style->indented)
        buffer_add_char(writer->out, ' ');
}

static bool write_members(struct writer *writer, const struct schema_message *type,
                          const ProtobufCMessage *message,
                          bool (*left_out)(const struct schema_field *field, const void *context),
                          const void *context)
{
    open(writer, '{');
    bool first = true;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        if (!schema_field_present(message, field) || (left_out && left_out(field, context)))
            continue;
        separate(writer, &first);
        write_name(writer, field);
        if (!write_field(writer, field, message))
            return status_wrap(writer->status, "%.*s", text_arguments(field->name));
    }
    close(writer, '}', first);
    return true;
}

/* Writes a google.protobuf.Value as the member that is set. */
static bool write_value(struct writer *writer, const struct schema_message *type,
                        const ProtobufCMessage *message)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        if (!schema_field_present(message, field))
            continue;
        if (field->type == FIELD_DOUBLE && !isfinite(*(double *)schema_value(message, field)))
            return status_fail(writer->status, STATUS_INVALID_ARGUMENT,
                               "JSON has no form of NaN and infinity");
        return write_field(writer, field, message);
    }
    return status_fail(writer->status, STATUS_INVALID_ARGUMENT, "the value is not set");
}

/* The form is escaped like other strings, because a field mask may hold any text. */
static bool write_form(struct writer *writer, const struct schema_message *type,
                       const ProtobufCMessage *message)
{
    struct buffer form;
    buffer_init(&form, writer->out->arena, 0);
    if (!json_form_write(type, message, &form, writer->status))
        return false;
    writer->out->full |= form.full;
    json_add_string(writer->out, buffer_text(&form));
    return true;
}

static bool write_message(struct writer *writer, const struct schema_message *type,
                          const ProtobufCMessage *message)
{
    switch (type->well_known) {
    case WELL_KNOWN_TIMESTAMP:
    case WELL_KNOWN_DURATION:
    case WELL_KNOWN_FIELD_MASK:
        return write_form(writer, type, message);
    case WELL_KNOWN_WRAPPER:
    case WELL_KNOWN_STRUCT:
    case WELL_KNOWN_LIST_VALUE:
        return write_field(writer, &type->fields[0], message);
    case WELL_KNOWN_VALUE:
        return write_value(writer, type, message);
    case WELL_KNOWN_ANY:
        return status_fail(
            writer->status, STATUS_INVALID_ARGUMENT,
            "google.protobuf.Any cannot be written, because the types in it are not known");
    case WELL_KNOWN_NONE:
    default:
        return write_members(writer, type, message, NULL, NULL);
    }
}

static bool finish(const struct writer *writer, bool good)
{
    if (good && writer->out->full)
        return status_fail(writer->status, STATUS_RESOURCE_EXHAUSTED,
                           "no memory left for the JSON");
    return good;
}

bool json_write(const struct schema_message *type, const ProtobufCMessage *message,
                const struct json_style *style,
                bool (*left_out)(const struct schema_field *field, const void *context),
                const void *context, struct buffer *out, struct status *status)
{
    struct writer writer = {.out = out, .style = style, .status = status};
    bool good = type->well_known == WELL_KNOWN_NONE
                    ? write_members(&writer, type, message, left_out, context)
                    : write_message(&writer, type, message);
    return finish(&writer, good);
}

bool json_write_field(const struct schema_field *field, const ProtobufCMessage *message,
                      const struct json_style *style, struct buffer *out, struct status *status)
{
    struct writer writer = {.out = out, .style = style, .status = status};
    if (field->type == FIELD_MESSAGE && field->shape != FIELD_REPEATED &&
        field->shape != FIELD_MAP && !schema_field_present(message, field)) {
        bool is_object = field->message->well_known == WELL_KNOWN_NONE ||
                         field->message->well_known == WELL_KNOWN_STRUCT;
        buffer_add_text(out, is_object ? text_literal("{}") : text_literal("null"));
        return finish(&writer, true);
    }
    return finish(&writer, write_field(&writer, field, message));
}
