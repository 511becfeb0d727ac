/* SPDX-License-Identifier: MIT */
#include "schema/message.h"

#include <assert.h>

#include "base/banned.h"

size_t schema_type_bytes(enum field_type type)
{
    static const unsigned char bytes[] = {
        [FIELD_DOUBLE] = sizeof(double),
        [FIELD_FLOAT] = sizeof(float),
        [FIELD_INT64] = sizeof(int64_t),
        [FIELD_UINT64] = sizeof(uint64_t),
        [FIELD_INT32] = sizeof(int32_t),
        [FIELD_FIXED64] = sizeof(uint64_t),
        [FIELD_FIXED32] = sizeof(uint32_t),
        [FIELD_BOOL] = sizeof(protobuf_c_boolean),
        [FIELD_STRING] = sizeof(ProtobufCBinaryData),
        [FIELD_MESSAGE] = sizeof(ProtobufCMessage *),
        [FIELD_BYTES] = sizeof(ProtobufCBinaryData),
        [FIELD_UINT32] = sizeof(uint32_t),
        [FIELD_ENUM] = sizeof(int32_t),
        [FIELD_SFIXED32] = sizeof(int32_t),
        [FIELD_SFIXED64] = sizeof(int64_t),
        [FIELD_SINT32] = sizeof(int32_t),
        [FIELD_SINT64] = sizeof(int64_t),
    };
    assert(type < array_length(bytes) && bytes[type] > 0);
    return bytes[type];
}

struct text schema_enum_name(const struct schema_enum *enumeration, int32_t number)
{
    for (size_t i = 0; i < enumeration->value_count; i++)
        if (enumeration->values[i].number == number)
            return enumeration->values[i].name;
    return (struct text){NULL, 0};
}

int schema_compare_names(struct text a, struct text b)
{
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return a.size ? memcmp(a.data, b.data, a.size) : 0;
}

const struct schema_field *schema_field_by_name(const struct schema_message *message,
                                                struct text name)
{
    size_t low = 0, count = message->field_count;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        int order = schema_compare_names(name, message->by_name[middle].name);
        if (order == 0)
            return message->by_name[middle].field;
        if (order < 0)
            count = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)

static uint64_t hash_short(struct text name)
{
    uint32_t head = 0, tail = 0;
    if (name.size >= sizeof head) {
        memcpy(&head, name.data, sizeof head);
        memcpy(&tail, name.data + name.size - sizeof tail, sizeof tail);
    } else {
        for (size_t i = 0; i < name.size; i++)
            head = head << 8 | (unsigned char)name.data[i];
    }
    return (((uint64_t)tail << 32 | head) ^ name.size) * HASH_FACTOR;
}

static uint64_t hash_long(struct text name)
{
    uint64_t hash = name.size, word;
    for (size_t at = 0; at + sizeof word < name.size; at += sizeof word) {
        memcpy(&word, name.data + at, sizeof word);
        hash = (hash ^ word) * HASH_FACTOR;
        hash ^= hash >> 32;
    }
    memcpy(&word, name.data + name.size - sizeof word, sizeof word);
    return (hash ^ word) * HASH_FACTOR;
}

/* All bytes count, because the names of a message are often alike. */
static uint64_t hash(struct text name)
{
    return name.size <= sizeof(uint64_t) ? hash_short(name) : hash_long(name);
}

size_t schema_json_slot(const struct schema_message *message, struct text name)
{
    size_t last = ((size_t)1 << message->json_slot_bits) - 1;
    size_t slot = (size_t)(hash(name) >> 32) & last;
    for (uint32_t index; (index = message->json_slots[slot]) > 0; slot = (slot + 1) & last)
        if (text_equal(message->json_names[index - 1].name, name))
            break;
    return slot;
}

const struct schema_field_name *schema_find_json_name(const struct schema_message *message,
                                                      struct text name)
{
    uint32_t index = message->json_slots[schema_json_slot(message, name)];
    return index > 0 ? &message->json_names[index - 1] : NULL;
}

const struct schema_field *schema_field_by_number(const struct schema_message *message,
                                                  uint32_t number)
{
    const struct schema_field *const *sorted = message->by_number;
    size_t low = 0, high = message->field_count;
    /* The fields of most messages have the numbers 1, 2, 3 and so on. */
    if (number - 1 < high && sorted[number - 1]->number == number)
        return sorted[number - 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle]->number == number)
            return sorted[middle];
        if (number < sorted[middle]->number)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

ProtobufCMessage *schema_message_new(const struct schema_message *message, struct arena *arena)
{
    return arena_zalloc(arena, message->size);
}

static void *presence(const ProtobufCMessage *message, const struct schema_field *field)
{
    return (char *)(uintptr_t)message + field->presence_offset;
}

void schema_field_mark_present(ProtobufCMessage *message, const struct schema_field *field)
{
    if (field->shape == FIELD_OPTIONAL)
        *(protobuf_c_boolean *)presence(message, field) = true;
    if (field->shape == FIELD_ONEOF)
        *(uint32_t *)presence(message, field) = field->number;
}

/* Memory is reserved for this number of elements when a field has `count` of them: a power of two.
 * The number is derived from the count, because a message has no place for it. */
static size_t room_for(size_t count)
{
    size_t room = count ? 4 : 0;
    while (room < count)
        room *= 2;
    return room;
}

void *schema_reserve(ProtobufCMessage *message, const struct schema_field *field, size_t more,
                     struct arena *arena)
{
    char **elements = schema_value(message, field);
    size_t count = schema_count(message, field);
    size_t bytes = schema_type_bytes(field->type);
    if (more > SIZE_MAX / 64 || count > SIZE_MAX / 64)
        return NULL;
    if (count + more > room_for(count)) {
        char *grown = arena_alloc(arena, room_for(count + more) * bytes);
        if (!grown)
            return NULL;
        if (count)
            memcpy(grown, *elements, count * bytes);
        *elements = grown;
    }
    return memset(*elements + count * bytes, 0, more * bytes);
}
