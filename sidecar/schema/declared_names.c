/* SPDX-License-Identifier: MIT */
#include "schema/declared_names.h"

#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__DescriptorProto message_proto;
typedef Google__Protobuf__FieldDescriptorProto field_proto;
typedef Google__Protobuf__SourceCodeInfo__Location location_proto;

/* Field numbers of descriptor.proto, of which the path of a location consists, each but the last
 * with an index behind it: file, message, types in it, field, json_name. */
enum { FILE_MESSAGE_TYPE = 4, MESSAGE_NESTED_TYPE = 3, MESSAGE_FIELD = 2, FIELD_JSON_NAME = 10 };
#define SHORTEST_PATH 5

static const message_proto *pick(message_proto *const *messages, size_t count, int32_t index)
{
    return index >= 0 && (size_t)index < count ? messages[index] : NULL;
}

static const message_proto *message_at(const file_proto *file, const int32_t *path, size_t size)
{
    const message_proto *message = pick(file->message_type, file->n_message_type, path[1]);
    for (size_t i = 2; message && i < size; i += 2)
        message = path[i] == MESSAGE_NESTED_TYPE
                      ? pick(message->nested_type, message->n_nested_type, path[i + 1])
                      : NULL;
    return message;
}

/* Returns the field to whose json_name the location belongs; NULL for all other locations. */
static const field_proto *field_at(const file_proto *file, const location_proto *location)
{
    const int32_t *path = location->path;
    size_t size = location->n_path;
    if (size < SHORTEST_PATH || size % 2 == 0 || path[0] != FILE_MESSAGE_TYPE ||
        path[size - 3] != MESSAGE_FIELD || path[size - 1] != FIELD_JSON_NAME)
        return NULL;
    const message_proto *message = message_at(file, path, size - 3);
    int32_t index = path[size - 2];
    bool is_there = message && index >= 0 && (size_t)index < message->n_field;
    return is_there ? message->field[index] : NULL;
}

static int compare_fields(const void *a, const void *b)
{
    const field_proto *const *left = a, *const *right = b;
    return ((uintptr_t)*left > (uintptr_t)*right) - ((uintptr_t)*left < (uintptr_t)*right);
}

struct declared_names declared_names_read(const file_proto *file, struct arena *arena)
{
    const Google__Protobuf__SourceCodeInfo *info = file->source_code_info;
    struct declared_names names = {NULL, 0};
    if (!info || info->n_location == 0)
        return names;
    names.fields = memory_expect(arena_alloc(arena, info->n_location * sizeof *names.fields));
    for (size_t i = 0; i < info->n_location; i++) {
        const field_proto *field = field_at(file, info->location[i]);
        if (field)
            names.fields[names.count++] = field;
    }
    qsort(names.fields, names.count, sizeof *names.fields, compare_fields);
    return names;
}

bool declared_names_has(const struct declared_names *names, const field_proto *field)
{
    return names->count > 0 &&
           bsearch(&field, names->fields, names->count, sizeof *names->fields, compare_fields);
}
