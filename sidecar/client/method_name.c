/* SPDX-License-Identifier: MIT */
#include "client/method_name.h"

#include "config/edit_distance.h"

#include "base/banned.h"

#define SUGGESTIONS 3

/* Methods that are named in a message. */
struct candidates {
    const struct schema_method *list[SUGGESTIONS];
    size_t count; /* of all, also of those that the list has no room for */
    size_t distance;
};

static void add(struct candidates *candidates, const struct schema_method *method)
{
    if (candidates->count < SUGGESTIONS)
        candidates->list[candidates->count] = method;
    candidates->count++;
}

static bool is_separator(char c)
{
    return c == '.' || c == '/';
}

/* `start` is that of the name in the path. */
static bool ends_with_name(struct text path, struct text name, size_t *start)
{
    if (name.size > path.size)
        return false;
    *start = path.size - name.size;
    for (size_t i = 0; i < name.size; i++) {
        char a = path.data[*start + i], b = name.data[i];
        if (a != b && !(is_separator(a) && is_separator(b)))
            return false;
    }
    return *start == 0 || is_separator(path.data[*start - 1]);
}

/* A method whose whole path is written is the only match. */
static void match(const struct schema_method *methods, size_t count, struct text name,
                  struct candidates *matching)
{
    size_t start;
    for (size_t i = 0; i < count; i++) {
        if (!ends_with_name(text_of(methods[i].path + 1), name, &start))
            continue;
        if (start == 0)
            *matching = (struct candidates){0};
        add(matching, &methods[i]);
        if (start == 0)
            return;
    }
}

/* "Method" of "package.Service.Method". */
static struct text last_part(struct text name)
{
    size_t start = name.size;
    while (start > 0 && !is_separator(name.data[start - 1]))
        start--;
    return (struct text){name.data + start, name.size - start};
}

static void consider(struct candidates *nearest, const struct schema_method *method,
                     struct text written)
{
    if (method->name.size > EDIT_DISTANCE_BYTES)
        return;
    size_t distance = edit_distance(written, method->name);
    if (distance > nearest->distance || distance >= EDIT_DISTANCE_FAR)
        return;
    if (distance < nearest->distance)
        *nearest = (struct candidates){.distance = distance};
    add(nearest, method);
}

static struct text write_names(const struct candidates *candidates, struct arena *arena)
{
    struct buffer names;
    size_t shown = candidates->count < SUGGESTIONS ? candidates->count : SUGGESTIONS;
    buffer_init(&names, arena, 256);
    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            buffer_add_text(&names, i + 1 < shown ? text_literal(", ") : text_literal(" or "));
        buffer_add_text(&names, text_of(candidates->list[i]->path + 1));
    }
    return buffer_text(&names);
}

static bool several(struct text name, const struct candidates *matching, struct arena *arena,
                    struct status *status)
{
    struct text names = write_names(matching, arena);
    return status_fail(status, STATUS_NOT_FOUND,
                       "\"%.*s\": %zu methods have that name; write more of it, such as %.*s",
                       (int)text_cut(name, 200), name.data, matching->count, text_arguments(names));
}

static bool none(struct text name, const struct candidates *nearest, struct arena *arena,
                 struct status *status)
{
    struct text names = write_names(nearest, arena);
    int shown = (int)text_cut(name, 200);
    if (names.size > 0)
        return status_fail(status, STATUS_NOT_FOUND, "\"%.*s\": no such method; did you mean %.*s?",
                           shown, name.data, text_arguments(names));
    return status_fail(status, STATUS_NOT_FOUND,
                       "\"%.*s\": no such method; `apig-sidecar check` lists the methods", shown,
                       name.data);
}

/* Reports the method of that name that is not served, if there is one. */
static bool unserved(const struct schema *schema, struct text name, struct status *status)
{
    size_t count, start;
    const struct schema_unserved *methods = schema_unserved(schema, &count);
    for (size_t i = 0; i < count; i++)
        if (ends_with_name(text_of(methods[i].path + 1), name, &start)) {
            status_set(status, STATUS_NOT_FOUND, "%s is not served: %s", methods[i].path + 1,
                       methods[i].reason);
            return true;
        }
    return false;
}

bool method_name_find(const struct schema *schema, struct text name, struct arena *arena,
                      const struct schema_method **method, struct status *status)
{
    struct candidates matching = {0}, nearest = {.distance = EDIT_DISTANCE_FAR};
    size_t count;
    const struct schema_method *methods = schema_methods(schema, &count);
    text_take(&name, '/');
    match(methods, count, name, &matching);
    if (matching.count == 1) {
        *method = matching.list[0];
        return true;
    }
    if (matching.count > 1)
        return several(name, &matching, arena, status);
    if (unserved(schema, name, status))
        return false;
    for (size_t i = 0; i < count; i++)
        consider(&nearest, &methods[i], last_part(name));
    return none(name, &nearest, arena, status);
}
