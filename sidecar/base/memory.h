/* SPDX-License-Identifier: MIT */
/* Memory that has to be there: when the machine has none left the program ends, since no answer
 * could be built. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

/* Returns what an allocating function returned, unless that is NULL: then the program ends. Any
 * thread. */
static inline void *memory_expect(void *allocated)
{
    if (!allocated) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return allocated;
}
