/* SPDX-License-Identifier: MIT */
/*
 * Follows the messages of one stream through its DATA frames (gRPC's PROTOCOL-HTTP2.md,
 * "Length-Prefixed-Message": one byte flag, four bytes length, message), without keeping them.
 * Pure; one thread at a time for each reader.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "http2/stream_fault.h"

/* The encoding that grpc-encoding names. */
enum message_encoding { ENCODING_IDENTITY, ENCODING_SUPPORTED, ENCODING_UNKNOWN };

/* Zeroed memory is a reader before the first message, without compression. */
struct message_reader {
    uint32_t left;    /* of the message's length while it is read, then of the message */
    uint8_t prefix;   /* how many bytes of flag and length have come */
    uint8_t encoding; /* enum message_encoding */
    bool has_message; /* one at least is complete */
};

struct message_rules {
    size_t max_message;
    bool one_message;
};

/*
 * Reads `size` bytes and returns the first fault of theirs. `lengths` becomes the sum of the
 * messages' lengths that begin in them. After a fault the reader is of no use.
 */
must_use enum stream_fault message_reader_feed(struct message_reader *reader, const uint8_t *data,
                                               size_t size, const struct message_rules *rules,
                                               size_t *lengths);
