/* SPDX-License-Identifier: MIT */
/*
 * The memory of a call: many small allocations and one release. Each arena has a limit, so that no
 * peer can make it grow without bound; an allocation that would pass the limit returns NULL. The
 * program ends when the machine has no memory left. An arena is used by one thread at a time and
 * may be handed from one thread to the next.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    char *at, *end;             /* the free part of the newest block */
    size_t taken, limit;        /* size of all blocks, and its limit */
};

/* Makes an arena that takes no memory before its first allocation. `limit` is in bytes. */
void arena_init(struct arena *arena, size_t limit);

/* The same, but allocations come from `memory` first, so that a typical call allocates nothing.
 * `memory` belongs to the caller, is aligned for any type, and counts towards the limit. */
void arena_init_with(struct arena *arena, size_t limit, void *memory, size_t bytes);

/* Releases all allocations. The arena can be used again with the same limit, but without the memory
 * of the caller. */
void arena_clear(struct arena *arena);

/* Returns `bytes` bytes that are aligned for any type and not initialised; NULL when the limit
 * would be passed. */
must_use void *arena_alloc(struct arena *arena, size_t bytes);

/* The same, with all bytes zero. */
must_use void *arena_zalloc(struct arena *arena, size_t bytes);

/* Returns a terminated copy of `bytes` bytes; NULL when the limit would be passed. */
must_use char *arena_copy(struct arena *arena, const char *at, size_t bytes);
