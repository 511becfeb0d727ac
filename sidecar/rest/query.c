/* SPDX-License-Identifier: MIT */
#include "rest/query.h"

#include "rest/parameter.h"

#include "base/banned.h"

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

static void add_key(const struct query_key *key, struct buffer *query)
{
    if (key->outer) {
        add_key(key->outer, query);
        buffer_add_char(query, '.');
    }
    parameter_encode(schema_json_name(key->field, JSON_NAMES_PROTO), false, query);
}

static void add_parameter(const struct query_key *key, enum field_type type, const void *at,
                          struct buffer *query)
{
    if (query->bytes > 0)
        buffer_add_char(query, '&');
    add_key(key, query);
    buffer_add_char(query, '=');
    parameter_encode(parameter_text(type, at, query), false, query);
}

static void add_repeated(const struct query_key *key, const ProtobufCMessage *message,
                         struct buffer *query)
{
    const struct schema_field *field = key->field;
    const char *elements = *(char *const *)schema_value(message, field);
    for (size_t i = 0; i < schema_count(message, field); i++)
        add_parameter(key, field->type, elements + i * schema_type_bytes(field->type), query);
}

static void add_fields(const struct http_rule *rule, const struct schema_message *type,
                       const ProtobufCMessage *message, const struct query_key *outer,
                       struct buffer *query);

static void add_message(const struct http_rule *rule, const struct query_key *key,
                        const ProtobufCMessage *message, struct buffer *query)
{
    const struct schema_message *type = key->field->message;
    if (type->well_known != WELL_KNOWN_WRAPPER)
        add_fields(rule, type, message, key, query);
    else
        add_parameter(key, type->fields[0].type, schema_value(message, &type->fields[0]), query);
}

static void add_fields(const struct http_rule *rule, const struct schema_message *type,
                       const ProtobufCMessage *message, const struct query_key *outer,
                       struct buffer *query)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        const struct query_key key = {outer, field};
        if (!schema_field_present(message, field) || (!outer && field == rule->body) ||
            is_in_path(rule, &key))
            continue;
        const void *at = schema_value(message, field);
        if (field->shape == FIELD_REPEATED)
            add_repeated(&key, message, query);
        else if (field->type == FIELD_MESSAGE)
            add_message(rule, &key, *(ProtobufCMessage *const *)at, query);
        else
            add_parameter(&key, field->type, at, query);
    }
}

bool query_expand(const struct http_rule *rule, const struct schema_message *type,
                  const ProtobufCMessage *message, struct buffer *query, struct status *status)
{
    add_fields(rule, type, message, NULL, query);
    return query->full
               ? status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the query")
               : true;
}
