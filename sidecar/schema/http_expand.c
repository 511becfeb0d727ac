/* SPDX-License-Identifier: MIT */
#include "schema/http_rule.h"

#include <math.h>
#include <string.h>

#include "base/base64.h"
#include "base/percent.h"
#include "schema/http_template.h"

#include "base/banned.h"

/* Percent-encodes all but unreserved characters; keeps "/" when `keep_slashes`. */
static void percent_encode(struct text text, bool keep_slashes, struct buffer *out)
{
    size_t plain = 0;
    for (size_t i = 0; i < text.size; i++) {
        char encoded[3], c = text.data[i];
        if (percent_is_unreserved(c) || (keep_slashes && c == '/'))
            continue;
        percent_encode_byte(c, encoded);
        buffer_add(out, text.data + plain, i - plain);
        buffer_add(out, encoded, sizeof encoded);
        plain = i + 1;
    }
    if (plain < text.size)
        buffer_add(out, text.data + plain, text.size - plain);
}

static struct text bytes_of(const void *at)
{
    const ProtobufCBinaryData *bytes = at;
    return (struct text){(const char *)bytes->data, bytes->len};
}

static void add_real(double number, bool single, struct buffer *out)
{
    char text[REAL_BYTES];
    if (isnan(number))
        buffer_add_literal(out, "NaN");
    else if (isinf(number))
        buffer_add_text(out, number < 0 ? text_literal("-Infinity") : text_literal("Infinity"));
    else
        buffer_add(out, text, text_from_real(text, number, single));
}

/* Writes the text of a scalar, as http_rule.h defines it. `at` is the place of the value in memory.
 */
static void add_scalar(enum field_type type, const void *at, struct buffer *out)
{
    switch (type) {
    case FIELD_STRING:
        buffer_add_text(out, bytes_of(at));
        return;
    case FIELD_BYTES:
        base64_encode(bytes_of(at), BASE64_URL, out);
        return;
    case FIELD_BOOL:
        buffer_add_text(out, *(const protobuf_c_boolean *)at ? text_literal("true")
                                                             : text_literal("false"));
        return;
    case FIELD_INT32:
    case FIELD_SINT32:
    case FIELD_SFIXED32:
    case FIELD_ENUM:
        buffer_add_i64(out, *(const int32_t *)at);
        return;
    case FIELD_INT64:
    case FIELD_SINT64:
    case FIELD_SFIXED64:
        buffer_add_i64(out, *(const int64_t *)at);
        return;
    case FIELD_UINT32:
    case FIELD_FIXED32:
        buffer_add_u64(out, *(const uint32_t *)at);
        return;
    case FIELD_UINT64:
    case FIELD_FIXED64:
        buffer_add_u64(out, *(const uint64_t *)at);
        return;
    case FIELD_FLOAT:
        add_real((double)*(const float *)at, true, out);
        return;
    case FIELD_DOUBLE:
        add_real(*(const double *)at, false, out);
        return;
    case FIELD_MESSAGE:
    default:
        return;
    }
}

/* Returns the text of a scalar: the bytes of a string itself, else a text in the arena of `out`,
 * whose `full` is set when the arena is full. */
static struct text scalar_text(enum field_type type, const void *at, struct buffer *out)
{
    struct buffer text;
    if (type == FIELD_STRING)
        return bytes_of(at);
    buffer_init(&text, out->arena, 0);
    add_scalar(type, at, &text);
    out->full = out->full || text.full;
    return buffer_text(&text);
}

/* Returns the value at the end of a path of fields; NULL when the value or a message on the path is
 * absent. */
static const void *find_value(const struct bound_path *path, const ProtobufCMessage *message)
{
    for (size_t i = 0; i + 1 < path->depth; i++) {
        if (!schema_field_present(message, path->fields[i]))
            return NULL;
        message = *(ProtobufCMessage *const *)schema_value(message, path->fields[i]);
    }
    const struct schema_field *last = path->fields[path->depth - 1];
    bool needs_presence = last->shape == FIELD_OPTIONAL || last->shape == FIELD_ONEOF;
    return needs_presence && !schema_field_present(message, last) ? NULL
                                                                  : schema_value(message, last);
}

static bool matches(struct text value, struct text pattern)
{
    bool more_value = true;
    for (bool more_pattern = true; more_pattern;) {
        struct text part, segment;
        more_pattern = text_take_part(&pattern, '/', &part);
        if (text_equal(part, text_literal("**")))
            return true;
        if (!more_value)
            return false;
        more_value = text_take_part(&value, '/', &segment);
        if (!text_equal(part, text_literal("*")) && !text_equal(part, segment))
            return false;
    }
    return !more_value;
}

/* Servers resolve "." and "..", also when the slash beside them is percent-encoded, and merge two
 * slashes into one. */
static const char *bad_segment(struct text value, bool multiple)
{
    for (bool more = true; more;) {
        struct text segment;
        more = text_take_part(&value, '/', &segment);
        if (text_equal(segment, text_literal(".")) || text_equal(segment, text_literal("..")))
            return "must not be, or hold, a \".\" or \"..\" segment of the path";
        if (multiple && segment.size == 0)
            return "must not hold an empty segment of the path";
    }
    return NULL;
}

static bool expand_variable(const struct http_rule_segment *segment,
                            const ProtobufCMessage *message, struct buffer *path,
                            struct status *status)
{
    const struct bound_path *variable = segment->variable;
    const void *at = find_value(variable, message);
    struct text value = {NULL, 0};
    if (at)
        value = scalar_text(variable->fields[variable->depth - 1]->type, at, path);
    const char *why = value.size == 0              ? "must be set: it is part of the path"
                      : text_contains(value, '\0') ? "must not hold a NUL character"
                                                   : bad_segment(value, segment->multiple);
    if (path->full)
        return true; /* the caller reports it */
    if (why)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s: %s",
                           text_arguments(variable->name), why);
    if (!segment->any_segment && !matches(value, segment->pattern))
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s: must have the form \"%.*s\"",
                           text_arguments(variable->name), text_arguments(segment->pattern));
    percent_encode(value, segment->multiple, path);
    return true;
}

bool http_rule_expand_path(const struct http_rule *rule, const ProtobufCMessage *message,
                           struct buffer *path, struct status *status)
{
    for (size_t i = 0; i < rule->segment_count; i++) {
        const struct http_rule_segment *segment = &rule->segments[i];
        if (!segment->variable)
            buffer_add_text(path, segment->literal);
        else if (!expand_variable(segment, message, path, status))
            return false;
    }
    return path->full
               ? status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the path")
               : true;
}

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
    percent_encode(schema_json_name(key->field, JSON_NAMES_PROTO), false, query);
}

static void add_parameter(const struct query_key *key, enum field_type type, const void *at,
                          struct buffer *query)
{
    if (query->bytes > 0)
        buffer_add_char(query, '&');
    add_key(key, query);
    buffer_add_char(query, '=');
    percent_encode(scalar_text(type, at, query), false, query);
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

bool http_rule_expand_query(const struct http_rule *rule, const struct schema_message *type,
                            const ProtobufCMessage *message, struct buffer *query,
                            struct status *status)
{
    add_fields(rule, type, message, NULL, query);
    return query->full
               ? status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the query")
               : true;
}
