/* SPDX-License-Identifier: MIT */
/*
 * The names that one object has had, to refuse a second member of the same name: a hash table in
 * the source's arena. Between the parts of the JSON reader. Pure; one thread at a time.
 */
#pragma once

#include "base/text.h"
#include "rest/json_text.h"

/* Empty when all zero. */
struct json_name_set {
    struct text *slots;
    size_t room, count;
};

/* Adds a name, which is a view that stays. Fails as malformed when it is there already or when
 * there are as many as the source's limits allow. */
must_use bool json_name_set_add(struct json_name_set *names, struct text name,
                                struct json_source *source);
