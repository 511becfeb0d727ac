/* SPDX-License-Identifier: MIT */
/* The methods of a set: what is declared, and what is served of it. Used at start, by one thread;
 * read-only afterwards. */
#pragma once

#include "schema/descriptor_set.h"
#include "schema/schema.h"
#include "schema/type.h"

/* A method that the set declares. */
struct candidate {
    struct schema_method method; /* its HTTP rule and recovery are set when it can be served */
    const struct descriptor_set_file *file;
    struct text http_rule, recovery; /* serialized options; {NULL, 0} without */
    const char *reason;              /* why it is not served; NULL when it is */
    enum unserved_cause cause;
    const struct schema_method *served; /* in `list`; NULL when it is not served */
};

struct methods {
    struct candidate *candidates; /* as declared */
    size_t candidate_count;
    struct candidate **by_path;
    struct schema_method
        *list; /* those that are served, set by schema/selection.h like all below */
    size_t count;
    struct schema_unserved *unserved;
    size_t unserved_count;
    struct text *services; /* services with a served method, as declared */
    size_t service_count;
};

/* Finds the methods and requires their types. One that is streaming, has no HTTP rule or whose
 * types cannot be served gets a reason. Fails as descriptor_set_has_room. */
must_use bool methods_collect(const struct descriptor_set *set, struct types *types,
                              struct arena *arena, struct methods *methods, struct status *status);

/* Finds a declared method by its path without the first slash; NULL when there is none. */
struct candidate *methods_declared(const struct methods *methods, struct text path);

/* As schema_method_find. */
const struct schema_method *methods_find(const struct methods *methods, struct text name);

/* Sets why a method is not served, unless there is a reason already. */
void candidate_refuse(struct candidate *candidate, enum unserved_cause cause, const char *reason);

/* Returns its place, "file.proto: pkg.Service.Method", with which reasons begin. */
struct text candidate_place(const struct candidate *candidate, struct arena *arena);

/* candidate_refuse of a method that cannot be served; the message is the reason. */
void candidate_refuse_as(struct candidate *candidate, struct arena *arena,
                         const struct status *status);
