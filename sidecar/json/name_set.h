/* SPDX-License-Identifier: MIT */
/*
 * The names that one object has had, to refuse a second member of the same name: a list, and when
 * it gets long a hash table in the source's arena. Between the parts of the JSON reader. Pure; one
 * thread at a time.
 */
#pragma once

#include "base/text.h"
#include "json/tokens.h"

/* Names that take no memory of the arena: most objects have no more. */
#define JSON_FEW_NAMES 8

struct json_name_set {
    size_t count, room; /* the table's room, 0 while there is none */
    struct text *slots;
    struct text few[JSON_FEW_NAMES];
};

/* Makes it empty. */
static inline void json_name_set_init(struct json_name_set *names)
{
    names->count = names->room = 0;
}

/* Adds a name, which is a view that stays. Fails as malformed when it is there already or when
 * there are as many as the source's limits allow. */
must_use bool json_name_set_add(struct json_name_set *names, struct text name,
                                struct json_source *source);
