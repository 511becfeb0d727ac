/* SPDX-License-Identifier: MIT */
#include "schema/field_path.h"

#include "base/banned.h"

/* The key of a map may be as long as the message, so that it is cut. */
#define LONGEST_NAME 128

/* Escapes quotes, so that the end of the key is recognizable. */
static void add_quoted(struct text key, struct buffer *out)
{
    buffer_add_char(out, '"');
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] == '"' || key.data[i] == '\\')
            buffer_add_char(out, '\\');
        buffer_add_char(out, key.data[i]);
    }
    buffer_add_char(out, '"');
}

static void add_step(const struct field_path *step, struct buffer *out)
{
    struct text name = {step->name.data, text_cut(step->name, LONGEST_NAME)};
    switch (step->kind) {
    case FIELD_PATH_ELEMENT:
        buffer_add_char(out, '[');
        buffer_add_u64(out, step->index);
        buffer_add_char(out, ']');
        return;
    case FIELD_PATH_KEY:
        buffer_add_char(out, '[');
        add_quoted(name, out);
        buffer_add_char(out, ']');
        return;
    case FIELD_PATH_WORD:
        buffer_add_char(out, '[');
        buffer_add_text(out, name);
        buffer_add_char(out, ']');
        return;
    case FIELD_PATH_MEMBER:
    default:
        if (out->bytes > 0)
            buffer_add_char(out, '.');
        buffer_add_text(out, name);
    }
}

static void add_steps(const struct field_path *path, struct buffer *out)
{
    if (!path)
        return;
    add_steps(path->outer, out);
    add_step(path, out);
}

struct text field_path_text(const struct field_path *path, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, arena, 64);
    add_steps(path, &out);
    return out.full ? (struct text){"", 0} : buffer_text(&out);
}
