/* SPDX-License-Identifier: MIT */
/*
 * Where a message's fields lie in memory, and the protobuf-c descriptor that says the same to
 * protobuf-c. Used by schema/type.c only, at start.
 */
#pragma once

#include "base/arena.h"
#include "schema/message.h"

/* The place that the members of a oneof share; all zero before its first member is placed. */
struct layout_oneof {
    size_t offset, presence_offset;
};

/* An empty message's bytes: the base that every protobuf-c message begins with. */
#define LAYOUT_START sizeof(ProtobufCMessage)

/* Gives a field its place behind the `size` bytes that are taken. `oneof` is that of a FIELD_ONEOF,
 * NULL for other shapes. */
void layout_place(struct schema_field *field, struct layout_oneof *oneof, size_t *size);

/*
 * Completes a message whose name, size and placed fields are set: the sorted look-ups, and
 * `descriptor`, to which message->descriptor points. The fields' own messages need their descriptor
 * pointers only. No two fields have the same name or number.
 */
void layout_finish(struct schema_message *message, ProtobufCMessageDescriptor *descriptor,
                   struct arena *arena);
