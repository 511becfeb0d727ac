/* SPDX-License-Identifier: MIT */
/*
 * Message and enum types, built from their descriptors on demand: requiring a type puts it on a
 * list, and building the list requires the types of its fields. Used at start, by one thread.
 */
#pragma once

#include "schema/descriptor_set.h"
#include "schema/message.h"
#include "schema/schema.h"
#include "schema/spread.h"

struct type;

struct types {
    const struct descriptor_set *set;
    struct arena *arena;
    bool any_allowed; /* a served method must not reach google.protobuf.Any, whose types are not
                         known */
    struct type *first, **end; /* in the order in which they were required */
    size_t count;
    struct spread refused;          /* from types whose holders do not have the reason yet */
    const struct schema_type *list; /* set by types_build: the types that were not refused */
    size_t list_count;
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

/* Builds all types that were required; fails as descriptor_set_has_room. One that contradicts
 * itself or cannot be served is refused, with a reason that names file, message and field; so is
 * each type that holds such a type. */
must_use bool types_build(struct types *types, struct status *status);

/* Sets why a type cannot be served, unless there is a reason already. types_spread gives the reason
 * to the types that hold it. */
void types_refuse(struct types *types, const struct schema_message *message,
                  const struct status *status);
void types_spread(struct types *types);

/* Returns why a type cannot be served; NULL when it can. */
const char *types_refusal(const struct schema_message *message);

/* Fails with the reason of a type that cannot be served. */
must_use bool types_check(const struct types *types, struct status *status);

/* Notes that a method has that type as its request; before types_build. */
void types_mark_request(const struct schema_message *message);
