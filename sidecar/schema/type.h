/* SPDX-License-Identifier: MIT */
/*
 * Message and enum types, built from their descriptors on demand: requiring a type puts it on a
 * list, and building the list requires the types of its fields. Used at start, by one thread.
 */
#pragma once

#include "schema/descriptor_set.h"
#include "schema/message.h"
#include "schema/schema.h"

struct type;

struct types {
    const struct descriptor_set *set;
    struct arena *arena;
    bool any_allowed; /* a served method must not reach google.protobuf.Any, whose types are not
                         known */
    struct type *first, **end; /* in the order in which they were required */
    size_t count;
    const struct schema_type *list; /* set by types_build */
};

void types_init(struct types *types, const struct descriptor_set *set, struct arena *arena,
                bool any_allowed);

/* Requires the message type of that name, written as in descriptors (".pkg.Message"), and returns
 * its final address; types_build sets its content. INVALID_ARGUMENT when the set does not define it
 * or it cannot be served. */
must_use bool types_require(struct types *types, const char *type_name,
                            const struct schema_message **message, struct status *status);

/* Requires every message of the proto3 files of the set. */
void types_require_all(struct types *types);

/* Builds all types that were required. INVALID_ARGUMENT, naming file, message and field, on a
 * descriptor that contradicts itself and on a type that cannot be served. */
must_use bool types_build(struct types *types, struct status *status);

/* Finds a built type by its full name; NULL when it was not required. */
const struct schema_message *types_find(const struct types *types, struct text full_name);
