/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/base64.h"
#include "schema/rule.h"
#include "schema/template.h"

#include "base/banned.h"

static const char unreserved[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && memchr(unreserved, c, sizeof unreserved - 1));
}

void percent_encode(struct text text, bool keep_slashes, struct buffer *out)
{
    size_t plain = 0;
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.at[i];
        if (is_unreserved(c) || (keep_slashes && c == '/'))
            continue;
        const char encoded[] = {'%', "0123456789ABCDEF"[(unsigned char)c >> 4],
                                "0123456789ABCDEF"[c & 15]};
        buffer_add(out, text.at + plain, i - plain);
        buffer_add(out, encoded, sizeof encoded);
        plain = i + 1;
    }
    buffer_add(out, text.at + plain, text.bytes - plain);
}

static struct text bytes_of(const void *at)
{
    const ProtobufCBinaryData *bytes = at;
    return (struct text){(const char *)bytes->data, bytes->len};
}

static void add_real(double number, bool single, struct buffer *out)
{
    char text[REAL_BYTES];
    buffer_add(out, text, text_from_real(text, number, single));
}

void scalar_text(const struct schema_field *field, const void *at, struct buffer *out)
{
    switch (field->type) {
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

/* The value at the end of a path of fields; NULL when a message on the way, or the value, is
 * absent. */
static const void *find_value(const struct field_path *path, const ProtobufCMessage *message)
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

static struct text first_segment(struct text text)
{
    const char *slash = text.bytes ? memchr(text.at, '/', text.bytes) : NULL;
    return (struct text){text.at, slash ? (size_t)(slash - text.at) : text.bytes};
}

/* What follows the first segment and its slash; `more` says whether there was one. */
static struct text after_segment(struct text text, struct text segment, bool *more)
{
    *more = segment.bytes < text.bytes;
    size_t used = segment.bytes + *more;
    return (struct text){text.at + used, text.bytes - used};
}

static bool matches(struct text value, struct text pattern)
{
    for (bool more_values = true, more_patterns = true; more_patterns;) {
        struct text part = first_segment(pattern), segment = first_segment(value);
        if (text_equal(part, text_literal("**")))
            return true;
        if (!more_values || segment.bytes == 0 ||
            (!text_equal(part, text_literal("*")) && !text_equal(part, segment)))
            return false;
        pattern = after_segment(pattern, part, &more_patterns);
        value = after_segment(value, segment, &more_values);
        if (!more_patterns)
            return !more_values;
    }
    return false;
}

/* Servers decode %2E, and walk up the path. */
static bool has_dot_segment(struct text value)
{
    for (bool more = true; more;) {
        struct text segment = first_segment(value);
        if (text_equal(segment, text_literal(".")) || text_equal(segment, text_literal("..")))
            return true;
        value = after_segment(value, segment, &more);
    }
    return false;
}

static bool refuse(const struct rule_segment *segment, const char *why, struct status *status)
{
    return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s: %s",
                       text_arguments(segment->variable->name), why);
}

static bool expand_variable(const struct rule_segment *segment, const ProtobufCMessage *message,
                            struct buffer *path, struct status *status)
{
    const struct field_path *variable = segment->variable;
    const struct schema_field *field = variable->fields[variable->depth - 1];
    const void *at = find_value(variable, message);
    struct buffer text;
    buffer_init(&text, path->arena, 0);
    if (at && field->type != FIELD_STRING)
        scalar_text(field, at, &text);
    struct text value = at && field->type == FIELD_STRING ? bytes_of(at) : buffer_text(&text);
    if (value.bytes == 0)
        return refuse(segment, "must be set: it is part of the path", status);
    if (memchr(value.at, '\0', value.bytes))
        return refuse(segment, "must not hold a NUL character", status);
    if (segment->multiple
            ? has_dot_segment(value)
            : text_equal(value, text_literal(".")) || text_equal(value, text_literal("..")))
        return refuse(segment, "must not be, or hold, a \".\" or \"..\" segment of the path",
                      status);
    if (segment->multiple && !matches(value, segment->pattern))
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s: must have the form \"%.*s\"",
                           text_arguments(variable->name), text_arguments(segment->pattern));
    percent_encode(value, segment->multiple, path);
    return true;
}

bool rule_expand_path(const struct rule *rule, const ProtobufCMessage *message, struct buffer *path,
                      struct status *status)
{
    for (size_t i = 0; i < rule->segment_count; i++) {
        const struct rule_segment *segment = &rule->segments[i];
        if (!segment->variable)
            buffer_add_text(path, segment->literal);
        else if (!expand_variable(segment, message, path, status))
            return false;
    }
    return path->full
               ? status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the path")
               : true;
}

/* The fields from the request down to where the query is being written. */
struct trail {
    const struct trail *outer;
    const struct schema_field *field;
};

static bool is_in_path(const struct rule *rule, const struct trail *trail)
{
    for (size_t i = 0; i < rule->variable_count; i++) {
        const struct field_path *variable = &rule->variables[i];
        const struct trail *step = trail;
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

static void add_key(const struct trail *trail, struct buffer *query)
{
    if (trail->outer) {
        add_key(trail->outer, query);
        buffer_add_char(query, '.');
    }
    percent_encode(trail->field->name, false, query);
}

static void add_parameter(const struct trail *trail, const struct schema_field *field,
                          const void *at, struct buffer *query)
{
    struct buffer value;
    if (query->bytes > 0)
        buffer_add_char(query, '&');
    add_key(trail, query);
    buffer_add_char(query, '=');
    buffer_init(&value, query->arena, 0);
    scalar_text(field, at, &value);
    percent_encode(buffer_text(&value), false, query);
    query->full = query->full || value.full;
}

static void add_repeated(const struct trail *trail, const ProtobufCMessage *message,
                         struct buffer *query)
{
    const struct schema_field *field = trail->field;
    const char *elements = *(char *const *)schema_value(message, field);
    for (size_t i = 0; i < schema_count(message, field); i++)
        add_parameter(trail, field, elements + i * schema_type_bytes(field->type), query);
}

static void add_message(const struct rule *rule, const struct schema_message *type,
                        const ProtobufCMessage *message, const struct trail *outer,
                        struct buffer *query)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        const struct trail trail = {outer, field};
        if (!schema_field_present(message, field) || (!outer && field == rule->body) ||
            is_in_path(rule, &trail))
            continue;
        if (field->shape == FIELD_REPEATED) {
            add_repeated(&trail, message, query);
        } else if (field->type != FIELD_MESSAGE) {
            add_parameter(&trail, field, schema_value(message, field), query);
        } else {
            const ProtobufCMessage *inner =
                *(ProtobufCMessage *const *)schema_value(message, field);
            if (field->message->well_known == WELL_KNOWN_WRAPPER)
                add_parameter(&trail, &field->message->fields[0],
                              schema_value(inner, &field->message->fields[0]), query);
            else
                add_message(rule, field->message, inner, &trail, query);
        }
    }
}

bool rule_expand_query(const struct rule *rule, const struct schema_message *type,
                       const ProtobufCMessage *message, struct buffer *query, struct status *status)
{
    add_message(rule, type, message, NULL, query);
    return query->full
               ? status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the query")
               : true;
}
