/* SPDX-License-Identifier: MIT */
/* Compressed request messages, with a bound on what comes out of them. Pure; any thread. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

/* gzip (RFC 1952) or zlib (RFC 1950, gRPC's "deflate") to plain bytes in the arena.
 * INVALID_ARGUMENT when they are neither, are cut off or have bytes behind their end;
 * RESOURCE_EXHAUSTED, naming --max-message, above `most`. */
must_use bool inflate_message(struct text packed, size_t most, struct arena *arena,
                              struct text *plain, struct status *status);
