/* SPDX-License-Identifier: MIT */
#include "json/skip.h"

#include "json/name_set.h"
#include "json/strings.h"

#include "base/banned.h"

static bool skip_object(struct json_source *source)
{
    struct json_name_set names;
    struct text name;
    json_name_set_init(&names);
    if (!json_enter(source, '{'))
        return false;
    for (bool first = true; json_next(source, '}', &first);)
        if (!json_take_name(source, &name) || !json_name_set_add(&names, name, source) ||
            !json_skip(source))
            return false;
    return !source->broken;
}

static bool skip_array(struct json_source *source)
{
    if (!json_enter(source, '['))
        return false;
    for (bool first = true; json_next(source, ']', &first);)
        if (!json_skip(source))
            return false;
    return !source->broken;
}

bool json_skip(struct json_source *source)
{
    struct text text;
    switch (json_peek(source)) {
    case '{':
        return skip_object(source);
    case '[':
        return skip_array(source);
    case '"':
        return json_take_string(source, &text);
    case 't':
        return json_take_word(source, "true") || json_malformed(source, "an unknown word");
    case 'f':
        return json_take_word(source, "false") || json_malformed(source, "an unknown word");
    case 'n':
        return json_take_word(source, "null") || json_malformed(source, "an unknown word");
    default:
        return json_take_number(source, &text);
    }
}
