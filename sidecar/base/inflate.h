/* SPDX-License-Identifier: MIT */
/* Compressed bytes of a peer's, with a bound on what comes out of them. Pure; any thread. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

/*
 * gzip (RFC 1952) or zlib (RFC 1950, HTTP's and gRPC's "deflate") to plain bytes in the arena, of
 * which they may take four times as many as come out. INVALID_ARGUMENT when they are neither, are
 * cut off or have bytes behind their end; RESOURCE_EXHAUSTED above `most` and when the arena is
 * full. The messages go on from the name of what is compressed: "cannot be inflated: …".
 */
must_use bool inflate_text(struct text packed, size_t most, struct arena *arena, struct text *plain,
                           struct status *status);
