/* SPDX-License-Identifier: MIT */
/* Opens a schema from a file, whose services are added to the embedded ones. */
#include "schema/schema.h"
#include "schema/wire.h"
#include "system/file.h"

#include "base/banned.h"

/* A bound that is far above the size of any real set. */
#define SET_BYTES (16U << 20)

/* Field numbers of FileDescriptorSet and FileDescriptorProto. */
enum { SET_FILE = 1, FILE_NAME = 1 };

/* Takes the next file of a set: `whole` with its tag, `content` without. False at the end and when
 * the bytes are not a set. */
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

/* Joins the mounted set and the files of the embedded set that it lacks. The mounted copy of a file
 * has precedence, and embedded files still follow their imports. */
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

static size_t count_files(struct text set)
{
    size_t count = 0;
    struct text whole, content;
    while (next_file(&set, &whole, &content))
        count++;
    return count;
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
                           "%s: it is not a FileDescriptorSet, or an empty one", file);
    if (!join(mounted, arena, &set))
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "%s: no memory left for it", file);
    return schema_read(set, count_files(mounted), schema, status) ? true
                                                                  : status_wrap(status, "%s", file);
}

bool schema_open(const char *file, struct arena *arena, struct schema **schema,
                 struct status *status)
{
    return file ? open_mounted(file, arena, schema, status)
                : schema_read(schema_embedded(), 0, schema, status);
}
