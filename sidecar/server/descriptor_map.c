/* SPDX-License-Identifier: MIT */
#include "server/descriptor_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#include "base/banned.h"

/* It grows by this number of rows. */
#define GROWTH 64

void descriptor_map_set(struct descriptor_map *map, int descriptor, void *value)
{
    size_t row = (size_t)descriptor;
    if (row >= map->room) {
        size_t room = (row / GROWTH + 1) * GROWTH;
        map->rows = memory_expect(realloc(map->rows, room * sizeof *map->rows));
        memset(map->rows + map->room, 0, (room - map->room) * sizeof *map->rows);
        map->room = room;
    }
    map->rows[row] = value;
}

void *descriptor_map_find(const struct descriptor_map *map, int descriptor)
{
    return descriptor >= 0 && (size_t)descriptor < map->room ? map->rows[descriptor] : NULL;
}

void descriptor_map_remove(struct descriptor_map *map, int descriptor, const void *value)
{
    if (descriptor_map_find(map, descriptor) == value)
        map->rows[descriptor] = NULL;
}

void descriptor_map_clear(struct descriptor_map *map)
{
    free(map->rows);
    *map = (struct descriptor_map){NULL, 0};
}
