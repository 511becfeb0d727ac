/* SPDX-License-Identifier: MIT */
#include "rest/path.h"

#include "rest/parameter.h"
#include "schema/http_template.h"

#include "base/banned.h"

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
                            const ProtobufCMessage *message, const struct json_style *style,
                            struct buffer *path, struct status *status)
{
    const struct bound_path *variable = segment->variable;
    const void *at = find_value(variable, message);
    struct text value = {NULL, 0};
    if (at)
        value = parameter_text(variable->fields[variable->depth - 1], at, style, path);
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
    parameter_encode(value, segment->multiple, path);
    return true;
}

bool path_expand(const struct http_rule *rule, const ProtobufCMessage *message,
                 const struct json_style *style, struct buffer *path, struct status *status)
{
    for (size_t i = 0; i < rule->segment_count; i++) {
        const struct http_rule_segment *segment = &rule->segments[i];
        if (!segment->variable)
            buffer_add_text(path, segment->literal);
        else if (!expand_variable(segment, message, style, path, status))
            return false;
    }
    return path->full
               ? status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the path")
               : true;
}
