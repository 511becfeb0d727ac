/* SPDX-License-Identifier: MIT */
/*
 * Finds out where a text repeats a secret: any 24 bytes of it in a row, or all of it when it is
 * shorter, from 8 bytes on. An index of the secret's blocks, which is made once, keeps the search
 * proportional to the text. The index is as secret as the secret is. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"

/* A text that repeats this many consecutive bytes of a secret reveals it. */
#define SECRET_WINDOW_BYTES 24

/* A secret that is shorter is too much like other words to be searched for. */
#define SECRET_LEAST_BYTES 8

/* Every window holds a whole block that begins at a multiple of the stride, so that these blocks
 * alone are indexed: a ninth of the positions. */
#define SECRET_BLOCK_BYTES 16
#define SECRET_STRIDE_BYTES (SECRET_WINDOW_BYTES - SECRET_BLOCK_BYTES + 1)

/* The most that an index takes. */
#define SECRET_INDEXED_BYTES 65536

struct secret_index {
    struct text secret;
    size_t bucket_count; /* a power of two; 0: the secret is shorter than a window */
    uint16_t *buckets;   /* the last block of a bucket, counted from 1; 0: none */
    uint16_t *previous;  /* the one before it in the same bucket, likewise */
};

/* A stretch of a text: its first byte and the one behind its last. */
struct stretch {
    size_t begin, end;
};

/* The bytes of memory that the index of a secret of that size takes. */
size_t secret_index_bytes(size_t secret_size);

/* Makes the index in zeroed memory of that size, aligned for uint16_t. Memory and secret, which has
 * at most SECRET_INDEXED_BYTES, must outlive it. */
void secret_index_init(struct secret_index *index, struct text secret, void *memory);

/* The next stretch that repeats the secret, as long as it does, and ends behind `known`, where the
 * one before it ended, or 0; it may overlap that. False when there is none. */
must_use bool secret_index_find(const struct secret_index *index, struct text text, size_t known,
                                struct stretch *found);
