/* SPDX-License-Identifier: MIT */
#include "schema/layout.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

static size_t take(size_t *size, size_t bytes, size_t alignment)
{
    size_t offset = (*size + alignment - 1) & ~(alignment - 1);
    *size = offset + bytes;
    return offset;
}

static void place_oneof(struct schema_field *field, struct layout_oneof *oneof, size_t *size)
{
    if (oneof->offset == 0) {
        oneof->presence_offset = take(size, sizeof(uint32_t), alignof(uint32_t));
        oneof->offset =
            take(size, sizeof(ProtobufCBinaryData), alignof(ProtobufCBinaryData)); /* the largest */
    }
    field->presence_offset = oneof->presence_offset;
    field->offset = oneof->offset;
}

static void place_list(struct schema_field *field, size_t *size)
{
    field->presence_offset = take(size, sizeof(size_t), alignof(size_t));
    static_assert(sizeof(size_t) == sizeof(uint64_t), "a count is read as eight bytes");
    field->has_wide_presence = true;
    field->offset = take(size, sizeof(void *), alignof(void *));
}

static void place_value(struct schema_field *field, size_t *size)
{
    size_t bytes = schema_type_bytes(field->type);
    field->offset = take(size, bytes, bytes < alignof(void *) ? bytes : alignof(void *));
}

static void place_optional(struct schema_field *field, size_t *size)
{
    field->presence_offset = take(size, sizeof(protobuf_c_boolean), alignof(protobuf_c_boolean));
    place_value(field, size);
}

static void place_singular(struct schema_field *field, size_t *size)
{
    place_value(field, size);
    field->presence_offset = field->offset;
    field->has_wide_presence = schema_type_bytes(field->type) > sizeof(uint32_t);
}

void layout_place(struct schema_field *field, struct layout_oneof *oneof, size_t *size)
{
    switch (field->shape) {
    case FIELD_ONEOF:
        place_oneof(field, oneof, size);
        return;
    case FIELD_REPEATED:
    case FIELD_MAP:
        place_list(field, size);
        return;
    case FIELD_OPTIONAL:
        place_optional(field, size);
        return;
    case FIELD_SINGULAR:
        place_singular(field, size);
        return;
    }
}

static int compare_numbers(const void *a, const void *b)
{
    const struct schema_field *const *left = a, *const *right = b;
    return (*left)->number < (*right)->number ? -1 : (*left)->number > (*right)->number;
}

static const struct schema_field *const *sort_by_number(const struct schema_message *message,
                                                        struct arena *arena)
{
    size_t count = message->field_count;
    const struct schema_field **fields = memory_expect(arena_alloc(arena, count * sizeof *fields));
    for (size_t i = 0; i < count; i++)
        fields[i] = &message->fields[i];
    qsort(fields, count, sizeof *fields, compare_numbers);
    return fields;
}

void layout_finish(struct schema_message *message, struct arena *arena)
{
    message->size = (message->size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    message->by_number = sort_by_number(message, arena);
}
