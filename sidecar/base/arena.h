/* SPDX-License-Identifier: MIT */
/*
 * The memory of a call: many small allocations and one release. Each arena has a limit, so that no
 * peer can make it grow without bound; an allocation that would pass the limit returns NULL, and so
 * does one that its quota refuses. The program ends when the machine has no memory left. An arena
 * is used by one thread at a time and may be handed from one thread to the next.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct arena;
struct arena_block;

/* The owner of memory that several arenas share. */
struct arena_quota {
    /* Returns whether the arena may have a block of `bytes` more. */
    bool (*reserve)(struct arena_quota *quota, const struct arena *arena, size_t bytes);
    void (*release)(struct arena_quota *quota, size_t bytes);
};

struct arena {
    struct arena_block *blocks; /* newest first */
    char *at, *end;             /* the free part of the newest block */
    size_t taken, limit;        /* size of all blocks, and its limit */
    struct arena_quota *quota;  /* asked before each block; NULL: none; it outlives the arena */
    bool refused;               /* by the quota, since the arena was made or cleared */
};

/* Makes an arena that takes no memory before its first allocation. `limit` is in bytes. */
void arena_init(struct arena *arena, size_t limit);

/* The same, but allocations come from `memory` first, so that a typical call allocates nothing.
 * `memory` belongs to the caller, is aligned for any type, and counts towards the limit, which is
 * at least `bytes`. */
void arena_init_with(struct arena *arena, size_t limit, void *memory, size_t bytes);

/* Releases all allocations. The arena can be used again with the same limit and quota, but without
 * the memory of the caller. */
void arena_clear(struct arena *arena);

/* Counts memory that is held elsewhere towards the limit, until the arena is cleared. False when
 * the limit would be passed. */
must_use bool arena_charge(struct arena *arena, size_t bytes);

/* Returns `bytes` bytes that are aligned for any type and not initialised; NULL when the limit
 * would be passed or the quota refuses. */
must_use void *arena_alloc(struct arena *arena, size_t bytes);

/* The same, with all bytes zero. */
must_use void *arena_zalloc(struct arena *arena, size_t bytes);

/* Returns a terminated copy of `bytes` bytes; NULL as for arena_alloc. */
must_use char *arena_copy(struct arena *arena, const char *at, size_t bytes);
