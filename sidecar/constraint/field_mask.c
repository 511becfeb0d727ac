/* SPDX-License-Identifier: MIT */
/* The rules of google.protobuf.FieldMask. */
#include "constraint/constraint.h"

#include "base/banned.h"

#define PATHS 1 /* the number of FieldMask.paths */

struct paths {
    const ProtobufCBinaryData *list;
    size_t count;
};

static struct text path_at(const struct paths *paths, size_t i)
{
    return schema_text(&paths->list[i]);
}

/* A path covers itself and what lies below it: "a" covers "a.b". */
static bool covers(struct text outer, struct text path)
{
    return text_starts_with(path, outer) &&
           (path.size == outer.size || path.data[outer.size] == '.');
}

static bool is_covered(const struct check *check, struct text path)
{
    for (size_t i = 0; i < check->operand_count; i++)
        if (covers(check->operands[i].text, path))
            return true;
    return false;
}

static bool all_are(const struct check *check, const struct paths *paths, bool covered)
{
    for (size_t i = 0; i < paths->count; i++)
        if (is_covered(check, path_at(paths, i)) != covered)
            return false;
    return true;
}

static bool are_equal(const struct check *check, const struct paths *paths)
{
    if (paths->count != check->operand_count)
        return false;
    for (size_t i = 0; i < paths->count; i++)
        if (!text_equal(path_at(paths, i), check->operands[i].text))
            return false;
    return true;
}

bool field_mask_holds(const struct check *check, const struct schema_message *type,
                      const ProtobufCMessage *mask)
{
    const struct schema_field *field = schema_field_by_number(type, PATHS);
    const struct paths paths = {*(ProtobufCBinaryData *const *)schema_value(mask, field),
                                schema_count(mask, field)};
    return check->kind == CHECK_PATHS ? are_equal(check, &paths)
                                      : all_are(check, &paths, check->kind == CHECK_PATHS_IN);
}
