/* SPDX-License-Identifier: MIT */
/* Files that protoc made for the tests of the schema (tests/unit/schema/CMakeLists.txt), and the
 * types of protos/types.proto. Include cmocka.h first. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "message_type.h"
#include "schema/schema.h"

/* A file's bytes, which the caller frees. */
static inline struct text sets_read(const char *folder, const char *path)
{
    char full[4096];
    assert_true(snprintf(full, sizeof full, "%s/%s", folder, path) < (int)sizeof full);
    FILE *file = fopen(full, "rb");
    if (!file)
        fail_msg("cannot open %s", full);
    size_t room = 1 << 20;
    char *bytes = malloc(room);
    assert_non_null(bytes);
    size_t count = fread(bytes, 1, room, file);
    assert_true(count < room);
    fclose(file);
    return (struct text){bytes, count};
}

/* Replaces the first `from` in the bytes of a set by `to`, which is as long: for what protoc does
 * not write. */
static inline void sets_replace(struct text bytes, struct text from, struct text to)
{
    assert_int_equal(from.size, to.size);
    void *at = memmem(bytes.data, bytes.size, from.data, from.size);
    assert_non_null(at);
    memcpy(at, to.data, to.size);
}

struct sets {
    struct text bytes;
    struct schema *schema;
};

/* A whole set's types; `path` like "protos/types.binpb". */
static inline struct sets sets_load(const char *path)
{
    struct sets sets = {.bytes = sets_read(SETS_DIR, path)};
    struct status status;
    if (!schema_new_types(sets.bytes, &sets.schema, &status))
        fail_msg("%s: %s", path, status.message);
    return sets;
}

static inline void sets_clear(struct sets *sets)
{
    schema_free(sets->schema);
    free((void *)(uintptr_t)sets->bytes.data);
}

/* "Scalars" of the package test.types. */
static inline const struct schema_message *sets_type(const struct sets *sets, const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "test.types.%s", name);
    const struct schema_message *type = message_type(sets->schema, text_of(full));
    if (!type) {
        fail_msg("no type %s", full);
        abort(); /* fail_msg does not return, which compilers do not know */
    }
    return type;
}

static inline const struct schema_field *sets_field(const struct schema_message *type,
                                                    const char *name)
{
    const struct schema_field *field = schema_field_by_name(type, text_of(name));
    if (!field)
        fail_msg("no field %s", name);
    return field;
}
