/* SPDX-License-Identifier: MIT */
#include "json/name_set.h"

#include <stdint.h>

#include "base/banned.h"

#define FIRST_ROOM (JSON_FEW_NAMES * 4)

/* The hash includes an address, which the sender of the names cannot know. So the sender cannot
 * make all names collide. */
static size_t hash(struct text name, const struct json_source *source)
{
    uint64_t sum = (uintptr_t)source ^ name.size;
    for (size_t i = 0; i < name.size; i += sizeof sum) {
        uint64_t word = 0;
        memcpy(&word, name.data + i, name.size - i < sizeof word ? name.size - i : sizeof word);
        sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 32;
    }
    return (size_t)sum;
}

/* The slot of that name, or the free slot for it. */
static struct text *slot_of(const struct json_name_set *names, struct text name,
                            const struct json_source *source)
{
    size_t index = hash(name, source) & (names->room - 1);
    while (names->slots[index].data && !text_equal(names->slots[index], name))
        index = (index + 1) & (names->room - 1);
    return &names->slots[index];
}

/* Makes a table for `room` names and adds the old names; old slots without data are skipped. */
static bool make_table(struct json_name_set *names, const struct text *old, size_t old_count,
                       size_t room, struct json_source *source)
{
    struct text *slots = arena_zalloc(source->arena, room * sizeof *slots);
    if (!slots)
        return json_no_memory(source);
    names->slots = slots;
    names->room = room;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].data)
            *slot_of(names, old[i], source) = old[i];
    return true;
}

static bool twice(struct json_source *source)
{
    return json_malformed(source, "a second member of the same name");
}

static bool add_to_few(struct json_name_set *names, struct text name, struct json_source *source)
{
    for (size_t i = 0; i < names->count; i++)
        if (text_equal(names->few[i], name))
            return twice(source);
    names->few[names->count++] = name;
    return true;
}

/* At most half of the slots are taken. */
static bool add_to_table(struct json_name_set *names, struct text name, struct json_source *source)
{
    if (names->count * 2 >= names->room &&
        !make_table(names, names->slots, names->room, names->room * 2, source))
        return false;
    struct text *slot = slot_of(names, name, source);
    if (slot->data)
        return twice(source);
    *slot = name;
    names->count++;
    return true;
}

bool json_name_set_add(struct json_name_set *names, struct text name, struct json_source *source)
{
    if (names->count == source->limits.names)
        return json_malformed(source, "too many members in one object");
    if (names->room == 0 && names->count < JSON_FEW_NAMES)
        return add_to_few(names, name, source);
    if (names->room == 0 && !make_table(names, names->few, names->count, FIRST_ROOM, source))
        return false;
    return add_to_table(names, name, source);
}
