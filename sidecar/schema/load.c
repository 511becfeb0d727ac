/* SPDX-License-Identifier: MIT */
/* From a file to a schema: what is mounted comes beside what is linked in. */
#include "schema/schema.h"
#include "schema/wire.h"
#include "system/file.h"

#include "base/banned.h"

/* Far above any real API's. */
#define SET_BYTES (16U << 20)

/* Numbers of FileDescriptorSet and FileDescriptorProto. */
enum { SET_FILE = 1, FILE_NAME = 1 };

/* The next file of a set with its tag, as it lies there; false at the end, and on what is no set.
 */
static bool next_file(struct text *rest, struct text *whole, struct text *content)
{
    struct wire_field field;
    const char *start = rest->data;
    if (rest->size == 0 || !wire_next(rest, &field) || field.number != SET_FILE ||
        field.type != WIRE_BYTES)
        return false;
    *whole = (struct text){start, (size_t)(rest->data - start)};
    *content = field.bytes;
    return true;
}

static struct text name_of(struct text content)
{
    struct wire_field field;
    while (content.size > 0 && wire_next(&content, &field))
        if (field.number == FILE_NAME && field.type == WIRE_BYTES)
            return field.bytes;
    return (struct text){NULL, 0};
}

static bool has_file(struct text set, struct text name)
{
    struct text whole, content;
    while (next_file(&set, &whole, &content))
        if (text_equal(name_of(content), name))
            return true;
    return false;
}

/* The mounted set, and behind it the files of the embedded one that it lacks: its own copy of a
 * file counts, and what is embedded finds its imports before it. */
static bool join(struct text mounted, struct arena *arena, struct text *set)
{
    struct text embedded = schema_embedded(), whole, content;
    struct buffer joined;
    buffer_init(&joined, arena, mounted.size + embedded.size);
    buffer_add_text(&joined, mounted);
    while (next_file(&embedded, &whole, &content))
        if (!has_file(mounted, name_of(content)))
            buffer_add_text(&joined, whole);
    *set = buffer_text(&joined);
    return !joined.full;
}

/* A set that adds nothing was mounted by mistake. */
static bool adds_method(struct text mounted, const struct schema *schema)
{
    size_t count;
    const struct schema_method *methods = schema_methods(schema, &count);
    for (size_t i = 0; i < count; i++) {
        const struct schema_file *file = schema_file_by_symbol(schema, methods[i].service);
        if (file && has_file(mounted, file->name))
            return true;
    }
    return false;
}

static bool open_mounted(const char *file, struct arena *arena, struct schema **schema,
                         struct status *status)
{
    struct text mounted, set, whole, content, rest;
    if (!file_read(file, SET_BYTES, arena, &mounted, status))
        return false;
    rest = mounted;
    if (!next_file(&rest, &whole, &content))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "%s: it is no FileDescriptorSet, or an empty one", file);
    if (!join(mounted, arena, &set))
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "%s: no memory left for it", file);
    struct schema *opened;
    if (!schema_new(set, &opened, status))
        return status_wrap(status, "%s", file);
    if (adds_method(mounted, opened)) {
        *schema = opened;
        return true;
    }
    schema_free(opened);
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "%s: it has no method with a google.api.http rule", file);
}

bool schema_open(const char *file, struct arena *arena, struct schema **schema,
                 struct status *status)
{
    return file ? open_mounted(file, arena, schema, status)
                : schema_new(schema_embedded(), schema, status);
}
