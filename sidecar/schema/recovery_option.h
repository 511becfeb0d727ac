/* SPDX-License-Identifier: MIT */
/*
 * The option apig_sidecar.recovery (proto/apig_sidecar/recovery.proto): the look-up that finds out
 * whether a create was carried out when its response was lost. Resolved and checked at start,
 * read-only afterwards: any thread.
 */
#pragma once

#include "schema/method.h"
#include "schema/schema.h"

/* A field of the create request, and the field of the look-up request that gets its value. */
struct recovery_copy {
    const struct schema_field *from, *to;
};

struct recovery_constant {
    const struct schema_field *field; /* of the look-up request */
    struct text value;
};

struct schema_recovery {
    const struct schema_method *lookup;
    struct recovery_copy *copies;
    size_t copy_count;
    struct recovery_constant *constants; /* set after the copies */
    size_t constant_count;
    const struct schema_field *list, *total; /* of the look-up response; total may be NULL: the list
                                                has all elements */
    const struct schema_field *wanted;       /* of the create request */
    const struct schema_field *match, *created; /* of a listed element; with `created`, which may be
                                                   NULL, also of the create response */
};

/*
 * Resolves the serialized Recovery of `method`, one of the candidates, among those whose HTTP rule
 * was read; the look-up need not be served to callers. INVALID_ARGUMENT, naming the field, when a
 * method or field is missing or does not have the type that recovery.proto requires.
 */
must_use bool recovery_option_parse(const struct methods *methods,
                                    const struct schema_method *method, struct text option,
                                    struct arena *arena, const struct schema_recovery **recovery,
                                    struct status *status);
