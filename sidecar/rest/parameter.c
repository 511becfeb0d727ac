/* SPDX-License-Identifier: MIT */
#include "rest/parameter.h"

#include <math.h>

#include "base/base64.h"
#include "base/percent.h"

#include "base/banned.h"

/* The number of bytes at the beginning of `text` that stand for themselves. */
static size_t plain_bytes(struct text text, bool keep_slashes)
{
    size_t plain = text_span(text, percent_unreserved);
    while (keep_slashes && plain < text.size && text.data[plain] == '/')
        plain += 1 + text_span(text_skip(text, plain + 1), percent_unreserved);
    return plain;
}

void parameter_encode(struct text text, bool keep_slashes, struct buffer *out)
{
    for (;;) {
        char encoded[3];
        size_t plain = plain_bytes(text, keep_slashes);
        buffer_add(out, text.data, plain);
        if (plain == text.size)
            return;
        percent_encode_byte(text.data[plain], encoded);
        buffer_add(out, encoded, sizeof encoded);
        text = text_skip(text, plain + 1);
    }
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

/* Writes the text of a scalar that is not a string, as the header defines it. */
static void add_scalar(enum field_type type, const void *at, struct buffer *out)
{
    switch (type) {
    case FIELD_BYTES:
        base64_encode(schema_text(at), BASE64_URL, out);
        return;
    case FIELD_BOOL:
        buffer_add_text(out, *(const protobuf_c_boolean *)at ? text_literal("true")
                                                             : text_literal("false"));
        return;
    case FIELD_INT32:
    case FIELD_SINT32:
    case FIELD_SFIXED32:
    case FIELD_ENUM: /* without a name */
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
    case FIELD_STRING:
    case FIELD_MESSAGE:
    default:
        return;
    }
}

struct text parameter_text_of_other(const struct schema_field *field, const void *at,
                                    const struct json_style *style, struct buffer *out)
{
    struct buffer text;
    struct text name = {NULL, 0};
    if (field->type == FIELD_ENUM && style->enum_names)
        name = schema_enum_name(field->enumeration, *(const int32_t *)at);
    if (name.size > 0)
        return name;
    buffer_init(&text, out->arena, 0);
    add_scalar(field->type, at, &text);
    out->full = out->full || text.full;
    return buffer_text(&text);
}
