/* SPDX-License-Identifier: MIT */
#include "system/memory_trim.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/banned.h"

/* glibc's own first values; setting them keeps them from growing (mallopt(3)). */
#define MMAP_THRESHOLD (128 * 1024)
#define TRIM_THRESHOLD (128 * 1024)

#define LEAST_FALL ((size_t)1 << 20)
#define ROUNDS 3

/* glibc looks at the end of a thread's heap when a block is freed that is larger than 64 KiB, and a
 * block above the threshold is not in that heap. */
#define OWN_BLOCK (96 * 1024)

void memory_trim_prepare(void)
{
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD);
}

bool memory_trim_is_due(struct memory_trim *trim, size_t used, size_t peak)
{
    if (peak > trim->most)
        trim->most = peak;
    if (used <= trim->most / 2 && trim->most - used >= LEAST_FALL) {
        trim->most = used;
        trim->rounds = ROUNDS;
    }
    if (trim->rounds == 0)
        return false;
    trim->rounds--;
    return true;
}

void memory_trim_now(void)
{
    malloc_trim(0);
}

/* The pointer is volatile, because a compiler may drop an allocation that nobody uses. */
void memory_trim_own(void)
{
    void *volatile block = malloc(OWN_BLOCK);
    free(block);
}
