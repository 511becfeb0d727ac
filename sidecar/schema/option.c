/* SPDX-License-Identifier: MIT */
#include "schema/option.h"

#include "schema/wire.h"

#include "base/banned.h"

/* Finds the next occurrence, and skips what is before it. */
static bool find_next(struct text *options, uint32_t extension, struct text *option)
{
    struct wire_field field;
    while (options->size > 0 && wire_next(options, &field)) {
        if (field.number != extension || field.type != WIRE_BYTES)
            continue;
        *option = field.bytes;
        return true;
    }
    return false;
}

bool option_find_message(struct text options, uint32_t extension, struct arena *arena,
                         struct text *option)
{
    struct buffer pieces;
    struct text piece;
    if (!find_next(&options, extension, &piece))
        return false;
    buffer_init(&pieces, arena, piece.size + options.size);
    do
        buffer_add_text(&pieces, piece);
    while (find_next(&options, extension, &piece));
    *option = buffer_text(&pieces);
    return true;
}

bool option_find_text(struct text options, uint32_t extension, struct text *option)
{
    bool found = false;
    while (find_next(&options, extension, option))
        found = true;
    return found;
}
