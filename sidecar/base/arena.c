/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* A typical call fits into one block. */
#define BLOCK_BYTES 8192

struct arena_block {
    struct arena_block *older;
    size_t size;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

void arena_init_with(struct arena *arena, size_t limit, void *memory, size_t bytes)
{
    assert(bytes <= limit);
    *arena =
        (struct arena){.at = memory, .end = (char *)memory + bytes, .taken = bytes, .limit = limit};
}

void arena_clear(struct arena *arena)
{
    for (struct arena_block *block = arena->blocks, *older; block; block = older) {
        older = block->older;
        if (arena->quota)
            arena->quota->release(arena->quota, block->size);
        free(block);
    }
    *arena = (struct arena){.limit = arena->limit, .quota = arena->quota};
}

static bool reserve(struct arena *arena, size_t size)
{
    if (!arena->quota || arena->quota->reserve(arena->quota, arena, size))
        return true;
    arena->refused = true;
    return false;
}

/* Adds a block with room for `bytes` bytes. The free part of the older blocks stays unused. */
static bool block_add(struct arena *arena, size_t bytes)
{
    size_t room = arena->limit - arena->taken;
    size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    if (bytes > room)
        return false;
    if (size > room)
        size = room;
    if (!reserve(arena, size))
        return false;
    struct arena_block *block = malloc(sizeof *block + size);
    if (!block) {
        fputs("out of memory\n", stderr);
        abort();
    }
    block->older = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->at = block->bytes;
    arena->end = block->bytes + size;
    arena->taken += size;
    return true;
}

bool arena_charge(struct arena *arena, size_t bytes)
{
    if (bytes > arena->limit - arena->taken)
        return false;
    arena->taken += bytes;
    return true;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - alignof(max_align_t))
        return NULL;
    /* An allocation of no bytes takes one, because NULL means that the limit would be passed. */
    size_t rounded =
        (bytes + (bytes == 0) + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (rounded > (size_t)(arena->end - arena->at) && !block_add(arena, rounded))
        return NULL;
    char *taken = arena->at;
    arena->at += rounded;
    return taken;
}

void *arena_zalloc(struct arena *arena, size_t bytes)
{
    void *taken = arena_alloc(arena, bytes);
    return taken ? memset(taken, 0, bytes) : NULL;
}

char *arena_copy(struct arena *arena, const char *at, size_t bytes)
{
    char *copy = bytes < SIZE_MAX ? arena_alloc(arena, bytes + 1) : NULL;
    if (!copy)
        return NULL;
    if (bytes > 0)
        memcpy(copy, at, bytes);
    copy[bytes] = '\0';
    return copy;
}
