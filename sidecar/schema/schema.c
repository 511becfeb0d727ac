/* SPDX-License-Identifier: MIT */
#include "schema/schema.h"

#include <stdlib.h>

#include "base/memory.h"
#include "schema/descriptor_set.h"
#include "schema/method.h"
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
    void (*release)(const struct schema *schema); /* NULL: nothing is attached */
};

static struct schema *create(void)
{
    struct schema *schema = memory_expect(calloc(1, sizeof *schema));
    arena_init(&schema->arena,
               SIZE_MAX); /* the operator chose the set, so that the arena has no limit */
    return schema;
}

static bool build(struct schema *schema, struct text descriptor_set, struct status *status)
{
    if (!descriptor_set_read(descriptor_set, &schema->arena, &schema->set, status))
        return false;
    types_init(&schema->types, &schema->set, &schema->arena, false);
    return methods_collect(&schema->set, &schema->types, &schema->arena, &schema->methods,
                           status) &&
           types_build(&schema->types, status) &&
           methods_finish(&schema->set, &schema->arena, &schema->methods, status);
}

static bool build_types(struct schema *schema, struct text descriptor_set, struct status *status)
{
    if (!descriptor_set_read(descriptor_set, &schema->arena, &schema->set, status))
        return false;
    types_init(&schema->types, &schema->set, &schema->arena, true);
    types_require_all(&schema->types);
    return types_build(&schema->types, status);
}

typedef bool build_schema(struct schema *schema, struct text set, struct status *status);

static bool new_schema(build_schema *build_it, struct text descriptor_set, struct schema **schema,
                       struct status *status)
{
    struct schema *built = create();
    if (!build_it(built, descriptor_set, status)) {
        schema_free(built);
        return false;
    }
    *schema = built;
    return true;
}

bool schema_new(struct text descriptor_set, struct schema **schema, struct status *status)
{
    return new_schema(build, descriptor_set, schema, status);
}

bool schema_new_types(struct text descriptor_set, struct schema **schema, struct status *status)
{
    return new_schema(build_types, descriptor_set, schema, status);
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

const struct schema_message *schema_message_by_name(const struct schema *schema,
                                                    struct text full_name)
{
    return types_find(&schema->types, full_name);
}

const struct schema_type *schema_types(const struct schema *schema, size_t *count)
{
    *count = schema->types.count;
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
