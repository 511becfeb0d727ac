/* SPDX-License-Identifier: MIT */
/*
 * Bytes that are to be written to a peer: memory that grows, owned by whoever holds the struct.
 * Zeroed memory is an empty output. One thread at a time for each.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct output {
    uint8_t *data;
    size_t size, room;
};

/* Called by output_reserve when the memory has to grow. */
void output_grow(struct output *output, size_t more);

/* Makes room for `more` bytes at output->data + output->size. Pointers into the output end. */
static inline void output_reserve(struct output *output, size_t more)
{
    if (more > output->room - output->size)
        output_grow(output, more);
}

/* Appends `size` bytes that are not yet set, and returns where they are. */
static inline uint8_t *output_extend(struct output *output, size_t size)
{
    output_reserve(output, size);
    output->size += size;
    return output->data + (output->size - size);
}

/* Appends a copy of `size` bytes. */
void output_add(struct output *output, const void *data, size_t size);

/* Drops the first `size` bytes; those behind them move to the front. */
void output_consume(struct output *output, size_t size);

/* Releases the memory; the output is empty then. */
void output_clear(struct output *output);
