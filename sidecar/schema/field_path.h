/* SPDX-License-Identifier: MIT */
/*
 * Where in a message a walk is: a list on the stack, from the inside out, that is written out only
 * when there is something to tell about the place. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/text.h"

enum trail_kind {
    TRAIL_MEMBER,
    TRAIL_ELEMENT,
    TRAIL_KEY,  /* of a map, in quotes */
    TRAIL_WORD, /* a map's key that is a number or a bool */
};

struct trail {
    const struct trail *outer; /* NULL at the message itself */
    enum trail_kind kind;
    struct text name; /* of a member or a map's key */
    size_t index;     /* of an element */
};

/* `url_domains[0].id`, `labels["a"].id`, `ports[-1]`; in the arena. Empty for NULL, and when the
 * arena is full. */
struct text trail_text(const struct trail *trail, struct arena *arena);
