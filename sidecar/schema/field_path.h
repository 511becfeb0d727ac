/* SPDX-License-Identifier: MIT */
/*
 * The path of a field in a message: a list on the stack, from the inside out, that is written out
 * only when a message about the field is needed. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/text.h"

enum field_path_kind {
    FIELD_PATH_MEMBER,
    FIELD_PATH_ELEMENT,
    FIELD_PATH_KEY,  /* of a map, in quotes */
    FIELD_PATH_WORD, /* a map's key that is a number or a bool */
};

struct field_path {
    const struct field_path *outer; /* NULL at the message itself */
    enum field_path_kind kind;
    struct text name; /* of a member or a map's key */
    size_t index;     /* of an element */
};

/* Writes the path into the arena: `url_domains[0].id`, `labels["a"].id`, `ports[-1]`. The text is
 * empty for NULL and when the arena is full. */
struct text field_path_text(const struct field_path *path, struct arena *arena);
