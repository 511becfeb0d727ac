/* SPDX-License-Identifier: MIT */
#include "schema/layout.h"

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

void layout_place(struct schema_field *field, struct layout_oneof *oneof, size_t *size)
{
    size_t bytes = schema_type_bytes(field->type);
    switch (field->shape) {
    case FIELD_ONEOF:
        place_oneof(field, oneof, size);
        return;
    case FIELD_REPEATED:
    case FIELD_MAP:
        field->presence_offset = take(size, sizeof(size_t), alignof(size_t));
        field->offset = take(size, sizeof(void *), alignof(void *));
        return;
    case FIELD_OPTIONAL:
        field->presence_offset =
            take(size, sizeof(protobuf_c_boolean), alignof(protobuf_c_boolean));
        break;
    case FIELD_SINGULAR:
        break;
    }
    field->offset = take(size, bytes, bytes < alignof(void *) ? bytes : alignof(void *));
}

/* Strings are bytes to protobuf-c, so that they keep their length and a NUL does not end them. */
static ProtobufCType type_of(enum field_type type)
{
    static const ProtobufCType types[] = {
        [FIELD_DOUBLE] = PROTOBUF_C_TYPE_DOUBLE,     [FIELD_FLOAT] = PROTOBUF_C_TYPE_FLOAT,
        [FIELD_INT64] = PROTOBUF_C_TYPE_INT64,       [FIELD_UINT64] = PROTOBUF_C_TYPE_UINT64,
        [FIELD_INT32] = PROTOBUF_C_TYPE_INT32,       [FIELD_FIXED64] = PROTOBUF_C_TYPE_FIXED64,
        [FIELD_FIXED32] = PROTOBUF_C_TYPE_FIXED32,   [FIELD_BOOL] = PROTOBUF_C_TYPE_BOOL,
        [FIELD_STRING] = PROTOBUF_C_TYPE_BYTES,      [FIELD_MESSAGE] = PROTOBUF_C_TYPE_MESSAGE,
        [FIELD_BYTES] = PROTOBUF_C_TYPE_BYTES,       [FIELD_UINT32] = PROTOBUF_C_TYPE_UINT32,
        [FIELD_ENUM] = PROTOBUF_C_TYPE_ENUM,         [FIELD_SFIXED32] = PROTOBUF_C_TYPE_SFIXED32,
        [FIELD_SFIXED64] = PROTOBUF_C_TYPE_SFIXED64, [FIELD_SINT32] = PROTOBUF_C_TYPE_SINT32,
        [FIELD_SINT64] = PROTOBUF_C_TYPE_SINT64,
    };
    return types[type];
}

static ProtobufCLabel label_of(const struct schema_field *field)
{
    if (field->shape == FIELD_REPEATED || field->shape == FIELD_MAP)
        return PROTOBUF_C_LABEL_REPEATED;
    return field->shape == FIELD_OPTIONAL ? PROTOBUF_C_LABEL_OPTIONAL : PROTOBUF_C_LABEL_NONE;
}

/* protobuf-c does not use the enum of a field when it packs, so that its pointer stays NULL. */
static ProtobufCFieldDescriptor describe(const struct schema_field *field, struct arena *arena)
{
    uint32_t flags = 0;
    if (field->shape == FIELD_ONEOF)
        flags |= PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (field->packed)
        flags |= PROTOBUF_C_FIELD_FLAG_PACKED;
    return (ProtobufCFieldDescriptor){
        .name = memory_expect(arena_copy(arena, field->name.data, field->name.size)),
        .id = field->number,
        .label = label_of(field),
        .type = type_of(field->type),
        .quantifier_offset = (unsigned)field->presence_offset,
        .offset = (unsigned)field->offset,
        .descriptor = field->message ? field->message->descriptor : NULL,
        .flags = flags,
    };
}

/* Lists the ranges of consecutive numbers, which protobuf-c searches; an empty range ends the list.
 */
static void describe_ranges(ProtobufCMessageDescriptor *descriptor, struct arena *arena)
{
    ProtobufCIntRange *ranges =
        memory_expect(arena_alloc(arena, (descriptor->n_fields + 1) * sizeof *ranges));
    unsigned count = 0;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (i == 0 || field->id != field[-1].id + 1)
            ranges[count++] = (ProtobufCIntRange){(int)field->id, i};
    }
    ranges[count] = (ProtobufCIntRange){0, descriptor->n_fields};
    descriptor->n_field_ranges = count;
    descriptor->field_ranges = ranges;
}

static void describe_message(const struct schema_message *message,
                             ProtobufCMessageDescriptor *descriptor, struct arena *arena)
{
    size_t count = message->field_count;
    ProtobufCFieldDescriptor *fields = memory_expect(arena_alloc(arena, count * sizeof *fields));
    for (size_t i = 0; i < count; i++)
        fields[i] = describe(message->by_number[i], arena);
    *descriptor = (ProtobufCMessageDescriptor){
        .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
        .name = memory_expect(arena_copy(arena, message->full_name.data, message->full_name.size)),
        .sizeof_message = message->size,
        .n_fields = (unsigned)count,
        .fields = fields,
    };
    describe_ranges(descriptor, arena);
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

void layout_finish(struct schema_message *message, ProtobufCMessageDescriptor *descriptor,
                   struct arena *arena)
{
    message->size = (message->size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    message->by_number = sort_by_number(message, arena);
    describe_message(message, descriptor, arena);
    message->descriptor = descriptor;
}
