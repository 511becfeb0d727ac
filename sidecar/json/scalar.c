/* SPDX-License-Identifier: MIT */
#include "json/scalar.h"

#include <math.h>
#include <stdlib.h>

#include "base/base64.h"
#include "json/numbers.h"
#include "json/strings.h"

#include "base/banned.h"

static bool mismatch(struct json_source *source, const char *wanted)
{
    return status_fail(source->status, STATUS_INVALID_ARGUMENT, "the value is not a %s", wanted);
}

static void put_text(void *at, struct text text)
{
    *(ProtobufCBinaryData *)at = (ProtobufCBinaryData){text.size, (uint8_t *)(uintptr_t)text.data};
}

static bool put_signed(struct text number, bool narrow, void *at)
{
    int64_t value;
    if (!json_to_i64(number, &value) || (narrow && (value < INT32_MIN || value > INT32_MAX)))
        return false;
    if (narrow)
        *(int32_t *)at = (int32_t)value;
    else
        *(int64_t *)at = value;
    return true;
}

static bool put_unsigned(struct text number, bool narrow, void *at)
{
    uint64_t value;
    if (!json_to_u64(number, &value) || (narrow && value > UINT32_MAX))
        return false;
    if (narrow)
        *(uint32_t *)at = (uint32_t)value;
    else
        *(uint64_t *)at = value;
    return true;
}

/* False when the number is not whole or does not fit. */
static bool put_integer(enum field_type type, struct text number, void *at)
{
    bool narrow = schema_type_bytes(type) == sizeof(uint32_t);
    bool is_unsigned = type == FIELD_UINT32 || type == FIELD_FIXED32 || type == FIELD_UINT64 ||
                       type == FIELD_FIXED64;
    return is_unsigned ? put_unsigned(number, narrow, at) : put_signed(number, narrow, at);
}

/* Takes a number as it is written, or a string that may hold one. */
static bool number_text(struct json_source *source, struct text *text, bool *quoted)
{
    *quoted = json_peek(source) == '"';
    if (*quoted)
        return json_take_string(source, text);
    return json_number_follows(source) ? json_take_number(source, text)
                                       : mismatch(source, "number");
}

/* A number of this length fits each type of whole numbers. */
#define SHORT_DIGITS 9

/* Takes a short number of digits alone, as most are. False, with nothing taken, for another value.
 */
static bool take_short(struct json_source *source, uint32_t *value)
{
    json_peek(source);
    const char *start = source->at, *at = start;
    uint32_t sum = 0;
    while (at < source->end && at - start < SHORT_DIGITS && ascii_is_digit(*at))
        sum = sum * 10 + (uint32_t)(*at++ - '0');
    bool goes_on =
        at < source->end && (ascii_is_digit(*at) || *at == '.' || *at == 'e' || *at == 'E');
    if (at == start || goes_on || (*start == '0' && at > start + 1))
        return false;
    source->at = at;
    *value = sum;
    return true;
}

static void put_short(uint32_t value, enum field_type type, void *at)
{
    if (schema_type_bytes(type) == sizeof value)
        *(uint32_t *)at = value;
    else
        *(uint64_t *)at = value;
}

static bool read_integer(struct json_source *source, enum field_type type, void *at)
{
    struct text text;
    bool quoted;
    uint32_t value;
    if (take_short(source, &value)) {
        put_short(value, type, at);
        return true;
    }
    if (!number_text(source, &text, &quoted))
        return false;
    return ((!quoted || json_is_number(text)) && put_integer(type, text, at)) ||
           mismatch(source, "whole number that fits its field");
}

static void put_real(double value, bool single, void *at)
{
    if (single)
        *(float *)at = (float)value;
    else
        *(double *)at = value;
}

/* Reads the three strings that stand for numbers which JSON does not have. */
static bool special_real(struct text text, double *value)
{
    static const struct {
        const char *name;
        double value;
    } specials[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    for (size_t i = 0; i < array_length(specials); i++) {
        if (!text_equal(text, text_of(specials[i].name)))
            continue;
        *value = specials[i].value;
        return true;
    }
    return false;
}

/* strtof reads a float, because reading it as a double first would round it twice. */
static bool read_real(struct json_source *source, bool single, void *at)
{
    struct text text;
    bool quoted;
    double value;
    if (!number_text(source, &text, &quoted))
        return false;
    if (quoted && special_real(text, &value)) {
        put_real(value, single, at);
        return true;
    }
    if (quoted && !json_is_number(text))
        return mismatch(source, "number");
    const char *copy = arena_copy(source->arena, text.data, text.size);
    if (!copy)
        return json_no_memory(source);
    value = single ? (double)strtof(copy, NULL) : strtod(copy, NULL);
    if (isinf(value))
        return mismatch(source, "number that fits its field");
    put_real(value, single, at);
    return true;
}

static bool put_bool(struct text word, protobuf_c_boolean *at)
{
    bool yes = text_equal(word, text_literal("true"));
    if (!yes && !text_equal(word, text_literal("false")))
        return false;
    *at = yes;
    return true;
}

static bool read_bool(struct json_source *source, bool lenient, protobuf_c_boolean *at)
{
    struct text text;
    if (json_take_word(source, "true")) {
        *at = true;
        return true;
    }
    if (json_take_word(source, "false")) {
        *at = false;
        return true;
    }
    if (!lenient || json_peek(source) != '"')
        return mismatch(source, "bool");
    return json_take_string(source, &text) && (put_bool(text, at) || mismatch(source, "bool"));
}

static bool read_string(struct json_source *source, bool lenient, void *at)
{
    struct text text;
    if (json_peek(source) == '"') {
        if (!json_take_string(source, &text))
            return false;
    } else if (!lenient || !json_number_follows(source)) {
        return mismatch(source, "string");
    } else if (!json_take_number(source, &text)) {
        return false;
    }
    put_text(at, text);
    return true;
}

static bool read_bytes(struct json_source *source, void *at)
{
    struct text encoded;
    size_t bytes;
    if (json_peek(source) != '"')
        return mismatch(source, "base64 string");
    if (!json_take_string(source, &encoded))
        return false;
    char *decoded = arena_alloc(source->arena, base64_room(encoded.size));
    if (!decoded)
        return json_no_memory(source);
    if (!base64_decode(encoded, decoded, &bytes))
        return mismatch(source, "base64 string");
    put_text(at, (struct text){decoded, bytes});
    return true;
}

static bool put_enum(const struct schema_enum *enumeration, struct text name, int32_t *at)
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
    if (!json_take_string(source, &name))
        return false;
    if (put_enum(enumeration, name, at))
        return true;
    return (lenient && json_is_number(name) && put_integer(FIELD_ENUM, name, at)) ||
           mismatch(source, "value of its enum");
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
    case FIELD_DOUBLE:
        return read_real(source, field->type == FIELD_FLOAT, at);
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

/* True for an optional minus and digits without leading zeros. */
static bool is_usual_integer(struct text name)
{
    return json_is_number(name) && !memchr(name.data, '.', name.size) &&
           !memchr(name.data, 'e', name.size) && !memchr(name.data, 'E', name.size) &&
           !text_equal(name, text_literal("-0"));
}

bool json_map_key(struct json_source *source, const struct schema_field *key, struct text name,
                  void *at)
{
    bool good = true;
    if (key->type == FIELD_STRING)
        put_text(at, name);
    else if (key->type == FIELD_BOOL)
        good = put_bool(name, at);
    else
        good = is_usual_integer(name) && put_integer(key->type, name, at);
    return good || mismatch(source, "key of its map");
}
