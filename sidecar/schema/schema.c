/* SPDX-License-Identifier: MIT */
#include "schema/schema.h"

#include <stdlib.h>

#include "base/memory.h"
#include "schema/descriptor_set.h"
#include "schema/method.h"
#include "schema/selection.h"
#include "schema/type.h"

#include "base/banned.h"

/* proto/embed.cmake */
extern const unsigned char embedded_set_bytes[];
extern const size_t embedded_set_size;

struct schema {
    struct arena arena; /* everything else is in it */
    struct descriptor_set set;
    struct types types;
    struct methods methods;
    size_t optional_files;
    void (*release)(const struct schema *schema); /* NULL: nothing is attached */
};

static struct schema *create(void)
{
    struct schema *schema = memory_expect(calloc(1, sizeof *schema));
    arena_init(&schema->arena, DESCRIPTOR_SET_LIMIT);
    return schema;
}

static bool read_types(struct schema *schema, struct text descriptor_set, bool all,
                       struct status *status)
{
    if (!descriptor_set_read(descriptor_set, &schema->arena, &schema->set, status))
        return false;
    types_init(&schema->types, &schema->set, &schema->arena, all);
    if (all)
        types_require_all(&schema->types);
    else if (!methods_collect(&schema->set, &schema->types, &schema->arena, &schema->methods,
                              status))
        return false;
    return types_build(&schema->types, status);
}

/* Sets `schema` when the steps that `good` stands for have succeeded, and frees it otherwise. */
static bool finish(struct schema *built, bool good, struct schema **schema)
{
    if (good)
        *schema = built;
    else
        schema_free(built);
    return good;
}

bool schema_read(struct text descriptor_set, size_t optional_files, struct schema **schema,
                 struct status *status)
{
    struct schema *read = create();
    read->optional_files = optional_files;
    return finish(read, read_types(read, descriptor_set, false, status), schema);
}

bool schema_serve(struct schema *schema, const struct text_list *patterns, struct status *status)
{
    const struct selection selection = {patterns, schema->optional_files};
    if (!schema_has_room(schema, status))
        return false;
    types_spread(&schema->types);
    if (schema->types.any_allowed)
        return types_check(&schema->types, status);
    return selection_serve(&selection, &schema->methods, &schema->arena, status);
}

bool schema_new(struct text descriptor_set, struct schema **schema, struct status *status)
{
    struct schema *read;
    return schema_read(descriptor_set, 0, &read, status) &&
           finish(read, schema_serve(read, NULL, status), schema);
}

bool schema_new_types(struct text descriptor_set, struct schema **schema, struct status *status)
{
    struct schema *read = create();
    return finish(
        read, read_types(read, descriptor_set, true, status) && types_check(&read->types, status),
        schema);
}

bool schema_has_room(const struct schema *schema, struct status *status)
{
    return descriptor_set_has_room(&schema->arena, status);
}

void schema_refuse(struct schema *schema, const struct schema_type *type,
                   const struct status *status)
{
    types_refuse(&schema->types, type->message, status);
}

void schema_free(struct schema *schema)
{
    if (!schema)
        return;
    if (schema->release)
        schema->release(schema);
    arena_clear(&schema->arena);
    free(schema);
}

const struct schema_method *schema_methods(const struct schema *schema, size_t *count)
{
    *count = schema->methods.count;
    return schema->methods.list;
}

const struct schema_method *schema_method_find(const struct schema *schema, struct text name)
{
    return methods_find(&schema->methods, name);
}

const struct schema_unserved *schema_unserved(const struct schema *schema, size_t *count)
{
    *count = schema->methods.unserved_count;
    return schema->methods.unserved;
}

const char *schema_unserved_reason(const struct schema *schema, struct text path)
{
    const struct candidate *found =
        text_take(&path, '/') ? methods_declared(&schema->methods, path) : NULL;
    return found ? found->reason : NULL;
}

const struct text *schema_services(const struct schema *schema, size_t *count)
{
    *count = schema->methods.service_count;
    return schema->methods.services;
}

const struct schema_file *schema_file_by_name(const struct schema *schema, struct text name)
{
    const struct descriptor_set_file *file = descriptor_set_file(&schema->set, name);
    return file ? &file->file : NULL;
}

const struct schema_file *schema_file_by_symbol(const struct schema *schema, struct text symbol)
{
    const struct symbol *found = descriptor_set_symbol(&schema->set, symbol);
    return found ? &found->file->file : NULL;
}

const struct schema_type *schema_types(const struct schema *schema, size_t *count)
{
    *count = schema->types.list_count;
    return schema->types.list;
}

struct arena *schema_arena(struct schema *schema)
{
    return &schema->arena;
}

void schema_on_free(struct schema *schema, void (*release)(const struct schema *schema))
{
    schema->release = release;
}

struct text schema_embedded(void)
{
    return (struct text){(const char *)embedded_set_bytes, embedded_set_size};
}
