/* SPDX-License-Identifier: MIT */
/* Values of the connections that C-core serves, by the descriptors that C-core has for them. One
 * thread, or with a lock of its owner's. */
#pragma once

#include <stddef.h>

/* All zero is empty. */
struct descriptor_map {
    void **rows;
    size_t room;
};

/* Replaces what was there. */
void descriptor_map_set(struct descriptor_map *map, int descriptor, void *value);

/* NULL when nothing is there, also for a negative descriptor. */
void *descriptor_map_find(const struct descriptor_map *map, int descriptor);

/* Removes the value, unless another one has taken its place: C-core may have closed the descriptor
 * before, and another connection may have its number. */
void descriptor_map_remove(struct descriptor_map *map, int descriptor, const void *value);

void descriptor_map_clear(struct descriptor_map *map);
