/* SPDX-License-Identifier: MIT */
/* The layout of a message in memory. For schema/type.c, at start. */
#pragma once

#include "base/arena.h"
#include "schema/message.h"

/* The place that the members of a oneof share. It is zero before the first member is placed. */
struct layout_oneof {
    size_t offset, presence_offset;
};

/* The size of a message without fields. */
#define LAYOUT_START sizeof(ProtobufCMessage)

/* Places a field behind the `size` bytes that are taken, and adds its bytes to `size`. `oneof`
 * belongs to the oneof of a FIELD_ONEOF and is NULL for other shapes. */
void layout_place(struct schema_field *field, struct layout_oneof *oneof, size_t *size);

/* Completes a message whose size and placed fields are set: sorts them by number. */
void layout_finish(struct schema_message *message, struct arena *arena);
