/* SPDX-License-Identifier: MIT */
#include "schema/wire.h"

#include "schema/map_entries.h"

#include "base/banned.h"

/* A varint of 64 bits takes ten bytes, of which the last has one bit. */
#define VARINT_BYTES 10

static bool take_long_varint(struct text *rest, uint64_t *value)
{
    uint64_t sum = 0;
    size_t most = rest->size < VARINT_BYTES ? rest->size : VARINT_BYTES;
    for (size_t i = 0; i < most; i++) {
        uint64_t byte = (unsigned char)rest->data[i];
        sum |= (byte & 0x7f) << (7 * i);
        if (byte & 0x80)
            continue;
        if (i == VARINT_BYTES - 1 && byte > 1)
            return false;
        *rest = (struct text){rest->data + i + 1, rest->size - i - 1};
        *value = sum;
        return true;
    }
    return false;
}

/* Most tags and lengths have one byte. */
static inline bool take_varint(struct text *rest, uint64_t *value)
{
    if (rest->size == 0 || rest->data[0] & 0x80)
        return take_long_varint(rest, value);
    *value = (unsigned char)rest->data[0];
    *rest = (struct text){rest->data + 1, rest->size - 1};
    return true;
}

/* Takes a little-endian number. */
static bool take_fixed(struct text *rest, size_t bytes, uint64_t *value)
{
    struct text taken;
    if (!text_take_size(rest, bytes, &taken))
        return false;
    *value = 0;
    for (size_t i = 0; i < bytes; i++)
        *value |= (uint64_t)(unsigned char)taken.data[i] << (8 * i);
    return true;
}

/* Takes a value that is not WIRE_BYTES. */
static bool take_value(struct text *rest, enum wire_type type, uint64_t *value)
{
    if (type == WIRE_VARINT)
        return take_varint(rest, value);
    return take_fixed(rest, type == WIRE_FIXED64 ? 8 : 4, value);
}

bool wire_next(struct text *rest, struct wire_field *field)
{
    uint64_t tag, length;
    if (!take_varint(rest, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
        return false;
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum wire_type)(tag & 7);
    switch (field->type) {
    case WIRE_VARINT:
    case WIRE_FIXED64:
    case WIRE_FIXED32:
        return take_value(rest, field->type, &field->value);
    case WIRE_BYTES:
        return take_varint(rest, &length) && text_take_size(rest, length, &field->bytes);
    }
    return false;
}

/* A map of the message that is being decoded. */
struct map_seen {
    const struct map_seen *older;
    ProtobufCMessage *message;
    const struct schema_field *field;
};

/* The state of one wire_unpack. */
struct wire_decoder {
    struct arena *arena;
    const struct map_seen *maps; /* newest first, each once */
    struct status *status;
};

/* The field that a value belongs to. */
struct target {
    const struct schema_message *type;
    const struct schema_field *field;
    ProtobufCMessage *message;
    unsigned depth;
};

static bool fail(const struct wire_decoder *decoder, const struct target *target, const char *why)
{
    return status_fail(decoder->status, STATUS_INVALID_ARGUMENT, "%.*s.%.*s %s",
                       text_arguments(target->type->full_name), text_arguments(target->field->name),
                       why);
}

static bool fail_full(const struct wire_decoder *decoder)
{
    return status_fail(decoder->status, STATUS_RESOURCE_EXHAUSTED,
                       "the message takes more than %zu bytes of memory", decoder->arena->limit);
}

/* Stores a number in the form of its type; bits of a varint that do not fit are cut off, as all
 * implementations do. */
static void store_number(enum field_type type, uint64_t value, void *slot)
{
    if (type == FIELD_BOOL)
        value = value != 0;
    if (type == FIELD_SINT32)
        value &= UINT32_MAX;
    if (type == FIELD_SINT32 || type == FIELD_SINT64)
        value = (value >> 1) ^ (0 - (value & 1));
    uint32_t low = (uint32_t)value;
    if (schema_type_bytes(type) == sizeof low)
        memcpy(slot, &low, sizeof low);
    else
        memcpy(slot, &value, sizeof value);
}

static bool store_bytes(const struct wire_decoder *decoder, const struct target *target,
                        struct text bytes, ProtobufCBinaryData *slot)
{
    *slot = (ProtobufCBinaryData){0, NULL};
    if (bytes.size == 0)
        return true;
    if (target->field->type == FIELD_STRING) {
        if (!text_is_utf8(bytes))
            return fail(decoder, target, "is not UTF-8");
        if (memchr(bytes.data, '\0', bytes.size))
            return fail(decoder, target, "holds a NUL character");
    }
    uint8_t *copy = arena_alloc(decoder->arena, bytes.size);
    if (!copy)
        return fail_full(decoder);
    *slot = (ProtobufCBinaryData){bytes.size, memcpy(copy, bytes.data, bytes.size)};
    return true;
}

static bool read_fields(struct wire_decoder *decoder, const struct schema_message *type,
                        unsigned depth, struct text bytes, ProtobufCMessage *message);

/* A second piece of a message is merged into the first. */
static bool store_message(struct wire_decoder *decoder, const struct target *target,
                          struct text bytes, ProtobufCMessage **slot)
{
    if (target->depth >= WIRE_DEPTH)
        return fail(decoder, target, "is nested too deeply");
    if (!*slot)
        *slot = schema_message_new(target->field->message, decoder->arena);
    if (!*slot)
        return fail_full(decoder);
    return read_fields(decoder, target->field->message, target->depth + 1, bytes, *slot);
}

static bool store(struct wire_decoder *decoder, const struct target *target,
                  const struct wire_field *wire, void *slot)
{
    if (target->field->type == FIELD_MESSAGE)
        return store_message(decoder, target, wire->bytes, slot);
    if (wire->type == WIRE_BYTES)
        return store_bytes(decoder, target, wire->bytes, slot);
    store_number(target->field->type, wire->value, slot);
    return true;
}

static bool read_singular(struct wire_decoder *decoder, const struct target *target,
                          const struct wire_field *wire)
{
    const struct schema_field *field = target->field;
    void *slot = schema_value(target->message, field);
    if (field->shape == FIELD_ONEOF && !schema_field_present(target->message, field))
        memset(slot, 0, schema_type_bytes(field->type));
    schema_field_mark_present(target->message, field);
    return store(decoder, target, wire, slot);
}

/* Maps are deduplicated after all pieces of the message have been read; here they are listed. */
static bool note_map(struct wire_decoder *decoder, const struct target *target)
{
    struct map_seen *seen = arena_alloc(decoder->arena, sizeof *seen);
    if (!seen)
        return fail_full(decoder);
    *seen = (struct map_seen){decoder->maps, target->message, target->field};
    decoder->maps = seen;
    return true;
}

static bool read_element(struct wire_decoder *decoder, const struct target *target,
                         const struct wire_field *wire)
{
    const struct schema_field *field = target->field;
    bool first = schema_count(target->message, field) == 0;
    if (field->shape == FIELD_MAP && first && !note_map(decoder, target))
        return false;
    void *slot = schema_reserve(target->message, field, 1, decoder->arena);
    if (!slot)
        return fail_full(decoder);
    if (!store(decoder, target, wire, slot))
        return false;
    schema_add_count(target->message, field, 1);
    return true;
}

/* The number of values that a packed field can have. */
static size_t packed_count(enum wire_type type, struct text bytes)
{
    if (type != WIRE_VARINT)
        return bytes.size / (type == WIRE_FIXED64 ? 8 : 4);
    size_t count = 0;
    for (size_t i = 0; i < bytes.size; i++)
        count += !((unsigned char)bytes.data[i] & 0x80);
    return count;
}

static bool read_packed(const struct wire_decoder *decoder, const struct target *target,
                        struct text bytes)
{
    const struct schema_field *field = target->field;
    enum wire_type type = wire_type_for(field->type);
    size_t count = packed_count(type, bytes);
    char *slot = count ? schema_reserve(target->message, field, count, decoder->arena) : NULL;
    if (count && !slot)
        return fail_full(decoder);
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        if (!take_value(&bytes, type, &value))
            return fail(decoder, target, "is not packed correctly");
        store_number(field->type, value, slot);
        slot += schema_type_bytes(field->type);
    }
    if (bytes.size > 0)
        return fail(decoder, target, "is not packed correctly");
    schema_add_count(target->message, field, count);
    return true;
}

static bool read_field(struct wire_decoder *decoder, const struct target *target,
                       const struct wire_field *wire)
{
    bool repeated = schema_is_list(target->field);
    if (wire->type == wire_type_for(target->field->type))
        return repeated ? read_element(decoder, target, wire)
                        : read_singular(decoder, target, wire);
    if (repeated && wire->type == WIRE_BYTES)
        return read_packed(decoder, target, wire->bytes);
    return true;
}

static bool read_fields(struct wire_decoder *decoder, const struct schema_message *type,
                        unsigned depth, struct text bytes, ProtobufCMessage *message)
{
    struct target target = {.type = type, .message = message, .depth = depth};
    while (bytes.size > 0) {
        struct wire_field wire;
        if (!wire_next(&bytes, &wire))
            return status_fail(
                decoder->status, STATUS_INVALID_ARGUMENT,
                "the bytes are not a %.*s, because a field is cut off or has no number",
                text_arguments(type->full_name));
        target.field = schema_field_by_number(type, wire.number);
        if (target.field && !read_field(decoder, &target, &wire))
            return false;
    }
    return true;
}

bool wire_unpack(const struct schema_message *type, struct text bytes, struct arena *arena,
                 ProtobufCMessage **message, struct status *status)
{
    struct wire_decoder decoder = {.arena = arena, .status = status};
    ProtobufCMessage *read = schema_message_new(type, arena);
    if (!read)
        return fail_full(&decoder);
    if (!read_fields(&decoder, type, 0, bytes, read))
        return false;
    for (const struct map_seen *map = decoder.maps; map; map = map->older)
        if (!map_entries_dedupe(map->message, map->field, arena))
            return fail_full(&decoder);
    *message = read;
    return true;
}
