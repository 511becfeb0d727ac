/* SPDX-License-Identifier: MIT */
/* Allocations that cannot fail: the program ends when the machine has no memory left, because no
 * response could be built. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

/* Returns `allocated`, the result of an allocating function. The program ends when it is NULL. Any
 * thread. */
static inline void *memory_expect(void *allocated)
{
    if (!allocated) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return allocated;
}
