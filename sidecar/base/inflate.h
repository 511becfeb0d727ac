/* SPDX-License-Identifier: MIT */
/* Decompression of a peer's bytes, with a bound on the output. Pure; any thread. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

/*
 * Inflates gzip (RFC 1952) or zlib (RFC 1950, the "deflate" of HTTP and gRPC) into the arena, of
 * which the output may take four times its size. INVALID_ARGUMENT when the bytes have neither
 * format, are cut off, or have bytes behind their end; RESOURCE_EXHAUSTED when the output is above
 * `most` or the arena is full. The caller puts the name of the compressed thing before the message:
 * "cannot be inflated: …".
 */
must_use bool inflate_text(struct text packed, size_t most, struct arena *arena, struct text *plain,
                           struct status *status);
