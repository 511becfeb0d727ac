/* SPDX-License-Identifier: MIT */
/* Messages of protos/types.proto, read from bytes. Include cmocka.h first. */
#pragma once

#include "schema/wire.h"

#include "scoped.h"
#include "types.h"

/* One read of a message, with an arena of its own. */
struct read {
    struct arena arena;
    ProtobufCMessage *message;
    struct status status;
};

static inline void read_clear(struct read *read)
{
    arena_clear(&read->arena);
}

static inline bool read_bytes(struct read *read, const char *type, struct text bytes)
{
    *read = (struct read){0};
    arena_init(&read->arena, 1 << 20);
    return wire_unpack(sets_type(&sets, type), bytes, &read->arena, &read->message, &read->status);
}

static inline void must_read(struct read *read, const char *type, struct text bytes)
{
    if (!read_bytes(read, type, bytes))
        fail_msg("%s", read->status.message);
}
