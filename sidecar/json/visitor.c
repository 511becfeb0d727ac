/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include <string.h>

#include "json/name_set.h"
#include "json/tokens.h"

#include "base/banned.h"

struct walk {
    struct json_source source;
    struct buffer path;
    bool (*visit)(struct text path, struct text value, bool is_string, void *context);
    void *context;
    bool stopped; /* by the visitor; the rest is only checked */
};

static bool walk_value(struct walk *walk);

static void tell(struct walk *walk, struct text value, bool is_string)
{
    if (!walk->stopped && !walk->path.full)
        walk->stopped = !walk->visit(buffer_text(&walk->path), value, is_string, walk->context);
}

static bool transaction_object(struct walk *walk)
{
    struct json_name_set names;
    struct text name;
    size_t outer = walk->path.bytes;
    json_name_set_init(&names);
    if (!json_enter(&walk->source, '{'))
        return false;
    for (bool first = true; json_next(&walk->source, '}', &first);) {
        if (!json_take_name(&walk->source, &name) ||
            !json_name_set_add(&names, name, &walk->source))
            return false;
        if (outer > 0)
            buffer_add_char(&walk->path, '.');
        buffer_add_text(&walk->path, name);
        if (!walk_value(walk))
            return false;
        walk->path.bytes = outer;
    }
    return !walk->source.broken;
}

static bool transaction_array(struct walk *walk)
{
    size_t outer = walk->path.bytes, index = 0;
    if (!json_enter(&walk->source, '['))
        return false;
    for (bool first = true; json_next(&walk->source, ']', &first); index++) {
        buffer_add_char(&walk->path, '[');
        buffer_add_u64(&walk->path, index);
        buffer_add_char(&walk->path, ']');
        if (!walk_value(walk))
            return false;
        walk->path.bytes = outer;
    }
    return !walk->source.broken;
}

static bool walk_value(struct walk *walk)
{
    struct text value;
    char next = json_peek(&walk->source);
    if (next == '{')
        return transaction_object(walk);
    if (next == '[')
        return transaction_array(walk);
    if (next != '"' && next != '-' && (next < '0' || next > '9'))
        return json_skip(&walk->source);
    if (!(next == '"' ? json_take_string(&walk->source, &value)
                      : json_take_number(&walk->source, &value)))
        return false;
    tell(walk, value, next == '"');
    return true;
}

struct text json_without_mark(struct text json)
{
    static const struct text mark = {"\xef\xbb\xbf", 3};
    bool has_one = json.size >= mark.size && memcmp(json.data, mark.data, mark.size) == 0;
    size_t skipped = has_one ? mark.size : 0;
    return (struct text){json.data + skipped, json.size - skipped};
}

bool json_walk(struct text json, const struct json_limits *limits, struct arena *arena,
               bool (*visit)(struct text path, struct text value, bool is_string, void *context),
               void *context, struct status *status)
{
    struct walk walk = {.visit = visit, .context = context};
    json_source_init(&walk.source, json, limits, arena, status);
    buffer_init(&walk.path, arena, 128);
    if (!walk_value(&walk) || !json_finish(&walk.source))
        return false;
    return walk.path.full ? status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                                        "no memory left for the JSON's names")
                          : true;
}
