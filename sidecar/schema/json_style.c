/* SPDX-License-Identifier: MIT */
#include "schema/json_style.h"

#include "schema/option.h"
#include "schema/wire.h"

#include "base/banned.h"

/* proto/apig_sidecar/json.proto */
#define JSON_EXTENSION 50174

/* The parts of apig_sidecar.JsonStyle, by their field numbers from 1. */
enum { JSON_NAMES, ENUM_NAMES, INT64_STRINGS, PARTS };

static const char *const part_names[PARTS] = {
    [JSON_NAMES] = "json_names",
    [ENUM_NAMES] = "enum_names",
    [INT64_STRINGS] = "int64_strings",
};

static bool read_parts(struct text option, bool parts[static PARTS], struct status *status)
{
    struct wire_field field;
    while (option.size > 0) {
        if (!wire_next(&option, &field) || field.type != WIRE_VARINT || field.number > PARTS)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "the apig_sidecar.json option cannot be read, or has a part that is "
                               "not known here");
        parts[field.number - 1] = field.value != 0;
    }
    return true;
}

bool json_style_read(struct text file_options, struct arena *arena, struct json_style *style,
                     struct status *status)
{
    bool parts[PARTS] = {false};
    struct text option;
    if (option_find_message(file_options, JSON_EXTENSION, arena, &option) &&
        !read_parts(option, parts, status))
        return false;
    *style = (struct json_style){
        .names = parts[JSON_NAMES] ? JSON_NAMES_JSON : JSON_NAMES_PROTO,
        .int64 = parts[INT64_STRINGS] ? JSON_INT64_STRING : JSON_INT64_NUMBER,
        .enum_names = parts[ENUM_NAMES],
    };
    return true;
}

void json_style_describe(const struct json_style *style, struct buffer *out)
{
    const bool parts[PARTS] = {
        [JSON_NAMES] = style->names == JSON_NAMES_JSON,
        [ENUM_NAMES] = style->enum_names,
        [INT64_STRINGS] = style->int64 == JSON_INT64_STRING,
    };
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i] && out->bytes > 0)
            buffer_add_literal(out, ", ");
        if (parts[i])
            buffer_add_text(out, text_of(part_names[i]));
    }
}
