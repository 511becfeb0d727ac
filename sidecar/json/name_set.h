/* SPDX-License-Identifier: MIT */
/*
 * The names of the members of one object, which find a second member of the same name: a list, and
 * a hash table in the arena of the source when the list gets long. For the files of this folder.
 * Pure; used by one thread at a time.
 */
#pragma once

#include "base/text.h"
#include "json/tokens.h"

/* The number of names that take no memory of the arena, because most objects do not have more. */
#define JSON_FEW_NAMES 8

struct json_name_set {
    size_t count, room; /* slots of the table; 0 before there is a table */
    struct text *slots;
    struct text few[JSON_FEW_NAMES];
};

/* Makes the set empty. */
static inline void json_name_set_init(struct json_name_set *names)
{
    names->count = names->room = 0;
}

/* Adds a name, a view that outlives the set. Fails as malformed when the set has the name already,
 * or as many names as the limits of the source allow. */
must_use bool json_name_set_add(struct json_name_set *names, struct text name,
                                struct json_source *source);
