/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include "base/ascii.h"
#include "json/name_set.h"
#include "json/skip.h"
#include "json/strings.h"

#include "base/banned.h"

struct visitor {
    struct json_source source;
    struct buffer path;
    bool (*visit)(struct text path, struct text value, bool is_string, void *context);
    void *context;
    bool stopped; /* `visit` returned false; the rest is only checked */
};

static bool visit_value(struct visitor *visitor);

static void report(struct visitor *visitor, struct text value, bool is_string)
{
    if (!visitor->stopped && !visitor->path.full)
        visitor->stopped =
            !visitor->visit(buffer_text(&visitor->path), value, is_string, visitor->context);
}

static bool visit_object(struct visitor *visitor)
{
    struct json_name_set names;
    struct text name;
    size_t outer = visitor->path.bytes;
    json_name_set_init(&names);
    if (!json_enter(&visitor->source, '{'))
        return false;
    for (bool first = true; json_next(&visitor->source, '}', &first);) {
        if (!json_take_name(&visitor->source, &name) ||
            !json_name_set_add(&names, name, &visitor->source))
            return false;
        if (outer > 0)
            buffer_add_char(&visitor->path, '.');
        buffer_add_text(&visitor->path, name);
        if (!visit_value(visitor))
            return false;
        visitor->path.bytes = outer;
    }
    return !visitor->source.broken;
}

static bool visit_array(struct visitor *visitor)
{
    size_t outer = visitor->path.bytes, index = 0;
    if (!json_enter(&visitor->source, '['))
        return false;
    for (bool first = true; json_next(&visitor->source, ']', &first); index++) {
        buffer_add_char(&visitor->path, '[');
        buffer_add_u64(&visitor->path, index);
        buffer_add_char(&visitor->path, ']');
        if (!visit_value(visitor))
            return false;
        visitor->path.bytes = outer;
    }
    return !visitor->source.broken;
}

static bool visit_value(struct visitor *visitor)
{
    struct text value;
    char next = json_peek(&visitor->source);
    if (next == '{')
        return visit_object(visitor);
    if (next == '[')
        return visit_array(visitor);
    if (next != '"' && next != '-' && !ascii_is_digit(next))
        return json_skip(&visitor->source);
    if (!(next == '"' ? json_take_string(&visitor->source, &value)
                      : json_take_number(&visitor->source, &value)))
        return false;
    report(visitor, value, next == '"');
    return true;
}

struct text json_without_mark(struct text json)
{
    (void)text_take_prefix(&json, text_literal("\xef\xbb\xbf"));
    return json;
}

bool json_visit(struct text json, const struct json_limits *limits, struct arena *arena,
                bool (*visit)(struct text path, struct text value, bool is_string, void *context),
                void *context, struct status *status)
{
    struct visitor visitor = {.visit = visit, .context = context};
    json_source_init(&visitor.source, json, limits, arena, status);
    buffer_init(&visitor.path, arena, 128);
    if (!visit_value(&visitor) || !json_finish(&visitor.source))
        return false;
    return visitor.path.full ? status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                                           "no memory left for the JSON's names")
                             : true;
}
