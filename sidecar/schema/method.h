/* SPDX-License-Identifier: MIT */
/* The methods of a set that are served, which are those with a google.api.http option. Used at
 * start, by one thread; read-only afterwards. */
#pragma once

#include "schema/descriptor_set.h"
#include "schema/schema.h"
#include "schema/type.h"

struct methods {
    struct schema_method *list; /* as declared */
    struct text *http_rules;    /* their serialized google.api.HttpRule */
    struct text *recoveries;    /* their serialized apig_sidecar.Recovery; {NULL, 0} for none */
    size_t count;
    const struct schema_method **by_path;
    struct text *services; /* services with a served method, as declared */
    size_t service_count;
};

/* Finds the methods and requires their types. INVALID_ARGUMENT, naming file and method, on a
 * streaming method and a type that cannot be served. */
must_use bool methods_collect(const struct descriptor_set *set, struct types *types,
                              struct arena *arena, struct methods *methods, struct status *status);

/* Reads the HTTP rules and recovery options, once the types are built. INVALID_ARGUMENT also on two
 * methods with the same HTTP request. */
must_use bool methods_finish(const struct descriptor_set *set, struct arena *arena,
                             struct methods *methods, struct status *status);

/* As schema_method_find. */
const struct schema_method *methods_find(const struct methods *methods, struct text name);
