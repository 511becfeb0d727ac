/* SPDX-License-Identifier: MIT */
#include "rest/json_name_set.h"

#include <stdint.h>

#include "base/banned.h"

#define FIRST_ROOM 16

/* Mixed with an address, which whoever chooses the names does not know: they cannot all be made to
 * collide. */
static size_t hash(struct text name, const struct json_source *source)
{
    uint64_t sum = (uintptr_t)source ^ name.bytes;
    for (size_t i = 0; i < name.bytes; i += sizeof sum) {
        uint64_t word = 0;
        memcpy(&word, name.at + i, name.bytes - i < sizeof word ? name.bytes - i : sizeof word);
        sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 32;
    }
    return (size_t)sum;
}

/* The place of that name, or the free one for it. */
static struct text *slot_of(const struct json_name_set *names, struct text name,
                            const struct json_source *source)
{
    size_t index = hash(name, source) & (names->room - 1);
    while (names->slots[index].at && !text_equal(names->slots[index], name))
        index = (index + 1) & (names->room - 1);
    return &names->slots[index];
}

/* At most half of the slots are taken. */
static bool make_room(struct json_name_set *names, struct json_source *source)
{
    if (names->count * 2 < names->room)
        return true;
    struct json_name_set larger = {.room = names->room ? names->room * 2 : FIRST_ROOM,
                                   .count = names->count};
    larger.slots = arena_zalloc(source->arena, larger.room * sizeof *larger.slots);
    if (!larger.slots)
        return json_no_memory(source);
    for (size_t i = 0; i < names->room; i++)
        if (names->slots[i].at)
            *slot_of(&larger, names->slots[i], source) = names->slots[i];
    *names = larger;
    return true;
}

bool json_name_set_add(struct json_name_set *names, struct text name, struct json_source *source)
{
    if (names->count == source->limits.names)
        return json_malformed(source, "too many members in one object");
    if (!make_room(names, source))
        return false;
    struct text *slot = slot_of(names, name, source);
    if (slot->at)
        return json_malformed(source, "the same member twice");
    *slot = name;
    names->count++;
    return true;
}
