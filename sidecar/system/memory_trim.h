/* SPDX-License-Identifier: MIT */
/*
 * Gives memory that was freed back to the kernel. glibc's allocator keeps it for the next burst,
 * also when that never comes, and a container is then large for ever. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Sets the sizes from which on memory is given back at once, and which glibc would otherwise raise
 * with each large block that is freed. At the start of the program. */
void memory_trim_prepare(void);

/* Decides when the rest is given back: all free memory has to be visited, which is worth it
 * only after load has fallen. Zeroed memory is a decision without a past. */
struct memory_trim {
    size_t most;     /* bytes in use since the last decision */
    unsigned rounds; /* that are still to come */
};

/* To be called once in some seconds with the bytes that are in use then and the most since last
 * time. True when memory is to be given back now: when the use has fallen by half and by a megabyte
 * at least, and for a few rounds after that, because other parts of the program free theirs a
 * little later. */
bool memory_trim_is_due(struct memory_trim *trim, size_t used, size_t peak);

/* Gives free pages of all threads back, but for the last free block of each thread's own heap. */
void memory_trim_now(void);

/* Gives that block of the calling thread back. */
void memory_trim_own(void);
