/* SPDX-License-Identifier: MIT */
/*
 * Facts about message types that hold as well for each type that has a field of such a type, such
 * as that it cannot be served. Types can hold each other in circles; a fact reaches each type once,
 * so that the time is that of looking at each field once. Used at start, by one thread.
 */
#pragma once

#include "base/arena.h"
#include "schema/message.h"

/* A fact on its way. One at a time is spread. */
struct spread {
    /* Notes the fact about a type that holds another one; false when it was noted before. */
    bool (*reach)(struct schema_message *holder, const struct schema_message *held);
    struct schema_message *first; /* the fact is noted, but not yet about its holders */
};

/* Notes that a field of `holder` is of the type `held`. */
void spread_add_holder(struct schema_message *held, struct schema_message *holder,
                       struct arena *arena);

/* Adds a type about which the fact has just been noted. */
void spread_add(struct spread *spread, struct schema_message *message);

/* Spreads the fact from the types that were added. */
void spread_run(struct spread *spread);
