/* SPDX-License-Identifier: MIT */
/*
 * Message and enum types, built from their descriptors on demand: asking for one puts it on a list,
 * and building the list asks for those that its fields need. Used at start, by one thread.
 */
#pragma once

#include "schema/descriptor_set.h"
#include "schema/message.h"
#include "schema/schema.h"

struct type;

struct types {
    const struct descriptor_set *set;
    struct arena *arena;
    bool any_allowed; /* google.protobuf.Any has no JSON form here: no type for a served method */
    struct type *first, **end; /* in the order in which they were required */
    size_t count;
    const struct schema_type *list; /* set by types_build */
};

void types_init(struct types *types, const struct descriptor_set *set, struct arena *arena,
                bool any_allowed);

/* The message type of that name, ".pkg.Message" as descriptors write it. Its address is final, what
 * it says is set by types_build. INVALID_ARGUMENT when there is none or it cannot be served. */
must_use bool types_require(struct types *types, const char *type_name,
                            const struct schema_message **message, struct status *status);

/* Asks for every message of the set's proto3 files. */
void types_require_all(struct types *types);

/* Builds all types that were required. INVALID_ARGUMENT, naming file, message and field, on a
 * descriptor that contradicts itself and on a type that cannot be served. */
must_use bool types_build(struct types *types, struct status *status);

/* The built type of that full name; NULL when there is none. */
const struct schema_message *types_find(const struct types *types, struct text full_name);
