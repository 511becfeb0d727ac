/* SPDX-License-Identifier: MIT */
#include "schema/map_entries.h"

#include <stdlib.h>

#include "base/banned.h"

struct positioned_entry {
    ProtobufCMessage *entry;
    size_t position;
};

static int compare_keys(const struct schema_field *key, const ProtobufCMessage *a,
                        const ProtobufCMessage *b)
{
    if (key->type != FIELD_STRING)
        return memcmp(schema_value(a, key), schema_value(b, key), schema_type_bytes(key->type));
    return schema_compare_names(schema_text(schema_value(a, key)),
                                schema_text(schema_value(b, key)));
}

/* Orders entries by key, and entries of one key by their position. */
static int compare_positioned(const void *a, const void *b, void *key)
{
    const struct positioned_entry *left = a, *right = b;
    int order = compare_keys(key, left->entry, right->entry);
    if (order != 0)
        return order;
    return left->position < right->position ? -1 : 1;
}

static bool sort_unique(ProtobufCMessage **entries, size_t *count, const struct schema_field *key,
                        struct arena *arena)
{
    struct positioned_entry *sorted = arena_alloc(arena, *count * sizeof *sorted);
    if (!sorted)
        return false;
    for (size_t i = 0; i < *count; i++)
        sorted[i] = (struct positioned_entry){entries[i], i};
    qsort_r(sorted, *count, sizeof *sorted, compare_positioned, (void *)(uintptr_t)key);
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (i + 1 == *count || compare_keys(key, sorted[i].entry, sorted[i + 1].entry) != 0)
            entries[kept++] = sorted[i].entry;
    *count = kept;
    return true;
}

static bool fill_value(ProtobufCMessage *entry, const struct schema_field *value,
                       struct arena *arena)
{
    if (value->type != FIELD_MESSAGE)
        return true;
    ProtobufCMessage **message = schema_value(entry, value);
    if (!*message)
        *message = schema_message_new(value->message, arena);
    return *message;
}

bool map_entries_dedupe(ProtobufCMessage *message, const struct schema_field *map,
                        struct arena *arena)
{
    ProtobufCMessage **entries = *(ProtobufCMessage ***)schema_value(message, map);
    size_t *count = (size_t *)((char *)message + map->presence_offset);
    if (*count > 1 && !sort_unique(entries, count, schema_field_by_number(map->message, 1), arena))
        return false;
    for (size_t i = 0; i < *count; i++)
        if (!fill_value(entries[i], schema_field_by_number(map->message, 2), arena))
            return false;
    return true;
}
