/* SPDX-License-Identifier: MIT */
#include "rest/json_scalar.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/base64.h"
#include "rest/json_number.h"

#include "base/banned.h"

static bool mismatch(struct json_source *source, const char *wanted)
{
    return status_fail(source->status, STATUS_INVALID_ARGUMENT, "the value is no %s", wanted);
}

static void put_text(void *at, struct text text)
{
    *(ProtobufCBinaryData *)at = (ProtobufCBinaryData){text.bytes, (uint8_t *)(uintptr_t)text.at};
}

static bool is_number_next(struct json_source *source)
{
    char c = json_peek(source);
    return c == '-' || (c >= '0' && c <= '9');
}

/* A number, or a string that holds one, as it is written. */
static bool number_text(struct json_source *source, struct text *raw)
{
    if (is_number_next(source))
        return json_number(source, raw);
    if (json_peek(source) != '"')
        return mismatch(source, "number");
    return json_string(source, raw);
}

static bool store_i64(struct text raw, int64_t least, int64_t most, bool narrow, void *at)
{
    int64_t number;
    if (!json_is_number(raw) || !json_to_i64(raw, &number) || number < least || number > most)
        return false;
    if (narrow)
        *(int32_t *)at = (int32_t)number;
    else
        *(int64_t *)at = number;
    return true;
}

static bool store_u64(struct text raw, uint64_t most, bool narrow, void *at)
{
    uint64_t number;
    if (!json_is_number(raw) || !json_to_u64(raw, &number) || number > most)
        return false;
    if (narrow)
        *(uint32_t *)at = (uint32_t)number;
    else
        *(uint64_t *)at = number;
    return true;
}

static bool store_integer(enum field_type type, struct text raw, void *at)
{
    switch (type) {
    case FIELD_INT32:
    case FIELD_SINT32:
    case FIELD_SFIXED32:
    case FIELD_ENUM:
        return store_i64(raw, INT32_MIN, INT32_MAX, true, at);
    case FIELD_INT64:
    case FIELD_SINT64:
    case FIELD_SFIXED64:
        return store_i64(raw, INT64_MIN, INT64_MAX, false, at);
    case FIELD_UINT32:
    case FIELD_FIXED32:
        return store_u64(raw, UINT32_MAX, true, at);
    case FIELD_UINT64:
    case FIELD_FIXED64:
        return store_u64(raw, UINT64_MAX, false, at);
    case FIELD_DOUBLE:
    case FIELD_FLOAT:
    case FIELD_BOOL:
    case FIELD_STRING:
    case FIELD_MESSAGE:
    case FIELD_BYTES:
    default:
        return false;
    }
}

static bool read_integer(struct json_source *source, enum field_type type, void *at)
{
    struct text raw;
    if (!number_text(source, &raw))
        return false;
    return store_integer(type, raw, at) || mismatch(source, "whole number that fits its field");
}

static bool store_real(double number, bool single, void *at)
{
    if (single && isfinite(number) && fabs(number) > (double)FLT_MAX) {
        /* What rounds to the largest float still is one. */
        float nearest = (float)number;
        if (isinf(nearest))
            return false;
    }
    if (single)
        *(float *)at = (float)number;
    else
        *(double *)at = number;
    return true;
}

static bool special_real(struct text text, double *number)
{
    static const struct {
        const char *name;
        double number;
    } specials[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    for (size_t i = 0; i < array_length(specials); i++) {
        if (!text_equal(text, text_of(specials[i].name)))
            continue;
        *number = specials[i].number;
        return true;
    }
    return false;
}

static bool read_real(struct json_source *source, bool single, void *at)
{
    struct text raw;
    double number;
    bool quoted = json_peek(source) == '"';
    if (!number_text(source, &raw))
        return false;
    if (quoted && special_real(raw, &number))
        return store_real(number, single, at);
    char *copy = json_is_number(raw) ? arena_copy(source->arena, raw.at, raw.bytes) : NULL;
    if (!copy)
        return mismatch(source, "number");
    number = strtod(copy, NULL);
    return (isfinite(number) && store_real(number, single, at)) ||
           mismatch(source, "number that fits its field");
}

static bool bool_word(struct text text, protobuf_c_boolean *at)
{
    bool yes = text_equal(text, text_literal("true"));
    if (!yes && !text_equal(text, text_literal("false")))
        return false;
    *at = yes;
    return true;
}

static bool read_bool(struct json_source *source, bool lenient, protobuf_c_boolean *at)
{
    struct text text;
    if (json_take_word(source, "true")) {
        *at = 1;
        return true;
    }
    if (json_take_word(source, "false")) {
        *at = 0;
        return true;
    }
    if (!lenient || json_peek(source) != '"')
        return mismatch(source, "bool");
    return json_string(source, &text) && (bool_word(text, at) || mismatch(source, "bool"));
}

static bool read_string(struct json_source *source, bool lenient, void *at)
{
    struct text text;
    if (lenient && is_number_next(source)) {
        if (!json_number(source, &text))
            return false;
    } else if (json_peek(source) != '"') {
        return mismatch(source, "string");
    } else if (!json_string(source, &text)) {
        return false;
    }
    put_text(at, text);
    return true;
}

static bool read_bytes(struct json_source *source, void *at)
{
    struct text encoded, bytes;
    if (json_peek(source) != '"')
        return mismatch(source, "base64 string");
    if (!json_string(source, &encoded))
        return false;
    if (!base64_decode(encoded, source->arena, &bytes))
        return mismatch(source, "base64 string");
    put_text(at, bytes);
    return true;
}

static bool enum_by_name(const struct schema_enum *enumeration, struct text name, int32_t *at)
{
    for (size_t i = 0; i < enumeration->value_count; i++) {
        if (!text_equal(enumeration->values[i].name, name))
            continue;
        *at = enumeration->values[i].number;
        return true;
    }
    return false;
}

static bool read_enum(struct json_source *source, const struct schema_enum *enumeration,
                      bool lenient, int32_t *at)
{
    struct text name;
    if (enumeration->is_null_value && json_take_word(source, "null")) {
        *at = 0;
        return true;
    }
    if (json_peek(source) != '"')
        return read_integer(source, FIELD_ENUM, at);
    if (!json_string(source, &name))
        return false;
    return enum_by_name(enumeration, name, at) ||
           (lenient && store_integer(FIELD_ENUM, name, at)) || mismatch(source, "name of the enum");
}

bool json_scalar(struct json_source *source, const struct schema_field *field, bool lenient,
                 void *at)
{
    switch (field->type) {
    case FIELD_STRING:
        return read_string(source, lenient, at);
    case FIELD_BYTES:
        return read_bytes(source, at);
    case FIELD_BOOL:
        return read_bool(source, lenient, at);
    case FIELD_ENUM:
        return read_enum(source, field->enumeration, lenient, at);
    case FIELD_FLOAT:
        return read_real(source, true, at);
    case FIELD_DOUBLE:
        return read_real(source, false, at);
    case FIELD_INT32:
    case FIELD_INT64:
    case FIELD_UINT32:
    case FIELD_UINT64:
    case FIELD_SINT32:
    case FIELD_SINT64:
    case FIELD_FIXED32:
    case FIELD_FIXED64:
    case FIELD_SFIXED32:
    case FIELD_SFIXED64:
    case FIELD_MESSAGE:
    default:
        return read_integer(source, field->type, at);
    }
}

bool json_map_key(struct json_source *source, const struct schema_field *key, struct text name,
                  void *at)
{
    if (key->type == FIELD_STRING) {
        put_text(at, name);
        return true;
    }
    bool good = key->type == FIELD_BOOL ? bool_word(name, at) : store_integer(key->type, name, at);
    return good || mismatch(source, "key of the map");
}
