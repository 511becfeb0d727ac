/* SPDX-License-Identifier: MIT */
#include "http2/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#include "base/banned.h"

#define LEAST_ROOM 256

void output_grow(struct output *output, size_t more)
{
    size_t room = output->room < LEAST_ROOM ? LEAST_ROOM : output->room;
    while (room - output->size < more)
        room *= 2;
    output->data = memory_expect(realloc(output->data, room));
    output->room = room;
}

void output_add(struct output *output, const void *data, size_t size)
{
    if (size > 0)
        memcpy(output_extend(output, size), data, size);
}

void output_consume(struct output *output, size_t size)
{
    output->size -= size;
    if (output->size > 0)
        memmove(output->data, output->data + size, output->size);
}

void output_clear(struct output *output)
{
    free(output->data);
    *output = (struct output){0};
}
