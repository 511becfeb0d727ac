/* SPDX-License-Identifier: MIT */
#include "rest/query.h"

#include "json/forms.h"
#include "rest/parameter.h"

#include "base/banned.h"

struct query_writer {
    const struct http_rule *rule;
    const struct json_style *style;
    struct buffer *out;
    struct status *status;
};

/* The fields from the request down to the parameter that is being written. */
struct query_key {
    const struct query_key *outer;
    const struct schema_field *field;
};

static bool is_in_path(const struct http_rule *rule, const struct query_key *key)
{
    for (size_t i = 0; i < rule->variable_count; i++) {
        const struct bound_path *variable = &rule->variables[i];
        const struct query_key *step = key;
        size_t depth = variable->depth;
        while (step && depth > 0 && variable->fields[depth - 1] == step->field) {
            step = step->outer;
            depth--;
        }
        if (!step && depth == 0)
            return true;
    }
    return false;
}

static void add_key(const struct query_writer *writer, const struct query_key *key)
{
    if (key->outer) {
        add_key(writer, key->outer);
        buffer_add_char(writer->out, '.');
    }
    parameter_encode(schema_json_name(key->field, writer->style->names), false, writer->out);
}

static void add_parameter(const struct query_writer *writer, const struct query_key *key,
                          struct text value)
{
    if (writer->out->bytes > 0)
        buffer_add_char(writer->out, '&');
    add_key(writer, key);
    buffer_add_char(writer->out, '=');
    parameter_encode(value, false, writer->out);
}

/* Adds a value of `field`, which is the field of the key or the one inside of a wrapper. */
static void add_scalar(const struct query_writer *writer, const struct query_key *key,
                       const struct schema_field *field, const void *at)
{
    add_parameter(writer, key, parameter_text(field, at, writer->style, writer->out));
}

static void add_repeated(const struct query_writer *writer, const struct query_key *key,
                         const ProtobufCMessage *message)
{
    const struct schema_field *field = key->field;
    const char *elements = *(char *const *)schema_value(message, field);
    for (size_t i = 0; i < schema_count(message, field); i++)
        add_scalar(writer, key, field, elements + i * schema_type_bytes(field->type));
}

static bool add_fields(const struct query_writer *writer, const struct schema_message *type,
                       const ProtobufCMessage *message, const struct query_key *outer);

/* Adds a Timestamp, Duration or FieldMask. */
static bool add_form(const struct query_writer *writer, const struct query_key *key,
                     const ProtobufCMessage *message)
{
    struct buffer form;
    buffer_init(&form, writer->out->arena, 0);
    if (!json_form_write(key->field->message, message, &form, writer->status))
        return false;
    writer->out->full |= form.full;
    add_parameter(writer, key, buffer_text(&form));
    return true;
}

static bool add_message(const struct query_writer *writer, const struct query_key *key,
                        const ProtobufCMessage *message)
{
    const struct schema_message *type = key->field->message;
    if (type->well_known == WELL_KNOWN_NONE)
        return add_fields(writer, type, message, key);
    if (type->well_known != WELL_KNOWN_WRAPPER)
        return add_form(writer, key, message);
    add_scalar(writer, key, &type->fields[0], schema_value(message, &type->fields[0]));
    return true;
}

static bool add_field(const struct query_writer *writer, const struct query_key *key,
                      const ProtobufCMessage *message)
{
    const struct schema_field *field = key->field;
    const void *at = schema_value(message, field);
    if (field->type == FIELD_MESSAGE)
        return add_message(writer, key, *(ProtobufCMessage *const *)at);
    if (field->shape == FIELD_REPEATED)
        add_repeated(writer, key, message);
    else
        add_scalar(writer, key, field, at);
    return true;
}

static bool add_fields(const struct query_writer *writer, const struct schema_message *type,
                       const ProtobufCMessage *message, const struct query_key *outer)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct query_key key = {outer, &type->fields[i]};
        bool in_body = !outer && key.field == writer->rule->body;
        if (!schema_field_present(message, key.field) || in_body || is_in_path(writer->rule, &key))
            continue;
        if (!add_field(writer, &key, message))
            return status_wrap(writer->status, "%.*s", text_arguments(key.field->name));
    }
    return true;
}

bool query_expand(const struct http_rule *rule, const ProtobufCMessage *message,
                  const struct json_style *style, struct buffer *query, struct status *status)
{
    const struct query_writer writer = {rule, style, query, status};
    if (!add_fields(&writer, rule->request, message, NULL))
        return false;
    return query->full
               ? status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the query")
               : true;
}
