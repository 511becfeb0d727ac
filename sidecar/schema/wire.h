/* SPDX-License-Identifier: MIT */
/*
 * Decoding of Protobuf bytes into a message, and encoding. protobuf-c does not do it, because its
 * reader loses or refuses bytes that legal senders send (a sub-message in two pieces, a field of a
 * newer type), recurses without bound, does not check UTF-8 and can take forty times the input in
 * memory (measured), and its writer needs a second description of each type. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/message.h"

/* The default recursion limit of the implementations of Google (protobuf.dev, "recursion limit").
 */
#define WIRE_DEPTH 100

/*
 * Decodes a message into the arena; it does not point into `bytes`. A field number that is not
 * known, and a wire type that its field does not have, is skipped and forgotten. A field that comes
 * twice is merged as protobuf.dev defines it: the last scalar, all pieces of a message, all
 * elements. A map has each key once, with its last value, in an order that depends on the keys
 * alone. INVALID_ARGUMENT, naming the field, when the bytes are not a message of that type: bad
 * framing, a group, depth above WIRE_DEPTH, a string that is not UTF-8 or holds a NUL;
 * RESOURCE_EXHAUSTED when the message does not fit the arena.
 */
must_use bool wire_unpack(const struct schema_message *type, struct text bytes, struct arena *arena,
                          ProtobufCMessage **message, struct status *status);

/* Returns the number of bytes that wire_pack writes. */
size_t wire_size(const struct schema_message *type, const ProtobufCMessage *message);

/* Encodes a message at `at`; `size` is its wire_size. A message field that is present, and each
 * element of a list of messages, is not NULL. Fields stand in the order of their numbers,
 * and the same message always has the same bytes. */
void wire_pack(const struct schema_message *type, const ProtobufCMessage *message, size_t size,
               void *at);

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_FIXED64 = 1,
    WIRE_BYTES = 2,
    WIRE_FIXED32 = 5,
};

/* The wire type of a value of that type, or of one element that is not packed. */
static inline enum wire_type wire_type_for(enum field_type type)
{
    static const unsigned char types[] = {
        [FIELD_DOUBLE] = WIRE_FIXED64,   [FIELD_FLOAT] = WIRE_FIXED32,
        [FIELD_INT64] = WIRE_VARINT,     [FIELD_UINT64] = WIRE_VARINT,
        [FIELD_INT32] = WIRE_VARINT,     [FIELD_FIXED64] = WIRE_FIXED64,
        [FIELD_FIXED32] = WIRE_FIXED32,  [FIELD_BOOL] = WIRE_VARINT,
        [FIELD_STRING] = WIRE_BYTES,     [FIELD_MESSAGE] = WIRE_BYTES,
        [FIELD_BYTES] = WIRE_BYTES,      [FIELD_UINT32] = WIRE_VARINT,
        [FIELD_ENUM] = WIRE_VARINT,      [FIELD_SFIXED32] = WIRE_FIXED32,
        [FIELD_SFIXED64] = WIRE_FIXED64, [FIELD_SINT32] = WIRE_VARINT,
        [FIELD_SINT64] = WIRE_VARINT,
    };
    return (enum wire_type)types[type];
}

/* One field on the wire: `bytes` of WIRE_BYTES, `value` of the other types. */
struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;
    struct text bytes;
};

/* Takes the first field of `rest`, which is not empty. False on bad framing: a varint above 64
 * bits, a number that is 0 or too large, a group, a length that is more than `rest` has. */
must_use bool wire_next(struct text *rest, struct wire_field *field);
