/* SPDX-License-Identifier: MIT */
#include "schema/field_path.h"

#include "base/banned.h"

/* A map's key may be as long as the message. */
#define LONGEST_NAME 128

/* So that it is clear where the key ends. */
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

static void add_step(const struct trail *step, struct buffer *out)
{
    struct text name = {step->name.data, text_cut(step->name, LONGEST_NAME)};
    switch (step->kind) {
    case TRAIL_ELEMENT:
        buffer_add_char(out, '[');
        buffer_add_u64(out, step->index);
        buffer_add_char(out, ']');
        return;
    case TRAIL_KEY:
        buffer_add_char(out, '[');
        add_quoted(name, out);
        buffer_add_char(out, ']');
        return;
    case TRAIL_WORD:
        buffer_add_char(out, '[');
        buffer_add_text(out, name);
        buffer_add_char(out, ']');
        return;
    case TRAIL_MEMBER:
    default:
        if (out->bytes > 0)
            buffer_add_char(out, '.');
        buffer_add_text(out, name);
    }
}

static void add_steps(const struct trail *trail, struct buffer *out)
{
    if (!trail)
        return;
    add_steps(trail->outer, out);
    add_step(trail, out);
}

struct text trail_text(const struct trail *trail, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, arena, 64);
    add_steps(trail, &out);
    return out.full ? (struct text){"", 0} : buffer_text(&out);
}
