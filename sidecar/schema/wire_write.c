/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <endian.h>

#include "schema/wire.h"

#include "base/banned.h"

/* Seven bits in each byte, and at least one byte. */
static size_t varint_size(uint64_t value)
{
    if (value < 0x80)
        return 1;
    unsigned last_bit = 63 - (unsigned)__builtin_clzll(value | 1);
    return last_bit / 7 + 1;
}

/* Moves the sign to the lowest bit (protobuf.dev/programming-guides/encoding). */
static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

/* The number that stands on the wire for a value in memory. */
static uint64_t number_at(enum field_type type, const void *at)
{
    int32_t narrow;
    int64_t wide;
    if (schema_type_bytes(type) == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return type == FIELD_SINT64 ? zigzag(wide) : (uint64_t)wide;
    }
    memcpy(&narrow, at, sizeof narrow);
    if (type == FIELD_SINT32)
        return zigzag(narrow);
    return type == FIELD_UINT32 ? (uint32_t)narrow : (uint64_t)narrow;
}

static const ProtobufCMessage *message_at(const void *at)
{
    return *(const ProtobufCMessage *const *)at;
}

/* The size of a value of WIRE_BYTES without its length. */
static size_t content_size(const struct schema_field *field, const void *at)
{
    return field->type == FIELD_MESSAGE ? wire_size(field->message, message_at(at))
                                        : ((const ProtobufCBinaryData *)at)->len;
}

static size_t with_length(size_t bytes)
{
    return varint_size(bytes) + bytes;
}

static size_t value_size(const struct schema_field *field, const void *at)
{
    switch (wire_type_for(field->type)) {
    case WIRE_FIXED64:
        return sizeof(uint64_t);
    case WIRE_FIXED32:
        return sizeof(uint32_t);
    case WIRE_VARINT:
        return varint_size(number_at(field->type, at));
    case WIRE_BYTES:
    default:
        return with_length(content_size(field, at));
    }
}

static size_t tag_size(const struct schema_field *field)
{
    return varint_size((uint64_t)field->number << 3);
}

static const char *elements_of(const struct schema_field *field, const ProtobufCMessage *message)
{
    return *(const char *const *)schema_value(message, field);
}

static size_t list_size(const struct schema_field *field, const ProtobufCMessage *message)
{
    const char *at = elements_of(field, message);
    size_t count = schema_count(message, field), bytes = 0;
    for (size_t i = 0; i < count; i++, at += schema_type_bytes(field->type))
        bytes += value_size(field, at);
    return field->packed ? tag_size(field) + with_length(bytes) : count * tag_size(field) + bytes;
}

size_t wire_size(const struct schema_message *type, const ProtobufCMessage *message)
{
    size_t bytes = 0;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        if (!schema_field_present(message, field))
            continue;
        bytes += schema_is_list(field)
                     ? list_size(field, message)
                     : tag_size(field) + value_size(field, schema_value(message, field));
    }
    return bytes;
}

/*
 * The bytes are written from the last to the first, so that the length of a part, which stands in
 * front of it, is known when it is written. Each function writes what ends at `end` and returns its
 * start.
 */
static char *put_message(const struct schema_message *type, const ProtobufCMessage *message,
                         char *end);

static char *put_varint(uint64_t value, char *end)
{
    if (value < 0x80) {
        *--end = (char)value;
        return end;
    }
    char *start = end - varint_size(value), *at = start;
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(value | 0x80);
    *at = (char)value;
    return start;
}

static char *put_tag(const struct schema_field *field, enum wire_type type, char *end)
{
    return put_varint((uint64_t)field->number << 3 | type, end);
}

static char *put_length(char *start, const char *end)
{
    return put_varint((uint64_t)(end - start), start);
}

static char *put_content(const struct schema_field *field, const void *at, char *end)
{
    const ProtobufCBinaryData *bytes = at;
    if (field->type == FIELD_MESSAGE)
        return put_message(field->message, message_at(at), end);
    return bytes->len ? memcpy(end - bytes->len, bytes->data, bytes->len) : end;
}

static char *put_value(const struct schema_field *field, const void *at, char *end)
{
    switch (wire_type_for(field->type)) {
    case WIRE_FIXED64:
        return memcpy(end - 8, &(uint64_t){htole64(number_at(field->type, at))}, 8);
    case WIRE_FIXED32:
        return memcpy(end - 4, &(uint32_t){htole32((uint32_t)number_at(field->type, at))}, 4);
    case WIRE_VARINT:
        return put_varint(number_at(field->type, at), end);
    case WIRE_BYTES:
    default:
        return put_length(put_content(field, at, end), end);
    }
}

static char *put_list(const struct schema_field *field, const ProtobufCMessage *message, char *end)
{
    size_t bytes = schema_type_bytes(field->type);
    const char *first = elements_of(field, message);
    char *start = end;
    for (const char *at = first + schema_count(message, field) * bytes; at > first;) {
        start = put_value(field, at -= bytes, start);
        if (!field->packed)
            start = put_tag(field, wire_type_for(field->type), start);
    }
    return field->packed ? put_tag(field, WIRE_BYTES, put_length(start, end)) : start;
}

static char *put_message(const struct schema_message *type, const ProtobufCMessage *message,
                         char *end)
{
    for (size_t i = type->field_count; i-- > 0;) {
        const struct schema_field *field = type->by_number[i];
        if (!schema_field_present(message, field))
            continue;
        end = schema_is_list(field) ? put_list(field, message, end)
                                    : put_tag(field, wire_type_for(field->type),
                                              put_value(field, schema_value(message, field), end));
    }
    return end;
}

void wire_pack(const struct schema_message *type, const ProtobufCMessage *message, size_t size,
               void *at)
{
    const char *start = put_message(type, message, (char *)at + size);
    assert(start == at);
}
