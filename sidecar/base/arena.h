/* SPDX-License-Identifier: MIT */
/*
 * A call's memory: many small allocations, one release. An arena has a limit, so that no peer can
 * make it grow without bound; what would pass the limit is refused, not fatal. When the machine
 * itself has no memory the program ends. Used by one thread at a time; it may be handed from one to
 * the next.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    char *at, *end;             /* the free part of the newest block */
    size_t taken, limit;        /* bytes of all blocks; at most */
};

/* An empty arena that takes no memory before its first allocation. `limit` in bytes. */
void arena_init(struct arena *arena, size_t limit);

/* The same, with memory of the caller's to begin with, so that a usual call allocates nothing:
 * `memory` is aligned for any type, is not freed, and counts towards the limit. */
void arena_init_with(struct arena *arena, size_t limit, void *memory, size_t bytes);

/* Releases everything that came from it; the arena can be used again, with the same limit, but
 * without the caller's memory. */
void arena_clear(struct arena *arena);

/* `bytes` bytes, aligned for any type and not initialised; NULL when the limit would be passed. */
must_use void *arena_alloc(struct arena *arena, size_t bytes);

/* The same, zeroed. */
must_use void *arena_zalloc(struct arena *arena, size_t bytes);

/* A terminated copy of `bytes` bytes; NULL when the limit would be passed. */
must_use char *arena_copy(struct arena *arena, const char *at, size_t bytes);
