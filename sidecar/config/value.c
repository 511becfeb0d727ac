/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include <string.h>

#include "base/ascii.h"
#include "config/value_number.h"

#include "base/banned.h"

/* A longer value is cut in messages. */
#define SHOWN_BYTES 200

/* "debug, info, warning or error" */
static void write_words(const char *const *words, struct buffer *out)
{
    for (size_t i = 0; words[i]; i++) {
        if (i > 0)
            buffer_add_text(out, words[i + 1] ? text_literal(", ") : text_literal(" or "));
        buffer_add_text(out, text_of(words[i]));
    }
}

void value_allowed(const struct option *option, struct buffer *out)
{
    if (option->kind->allowed)
        buffer_add_text(out, text_of(option->kind->allowed));
    else if (option->kind->words)
        write_words(option->kind->words, out);
    else
        value_write_range(option, out);
}

struct text value_shown(struct text written, struct arena *arena)
{
    /* A URL with a user in front of its host may hold a password too. */
    if (text_contains(written, '@'))
        return text_literal("…@…");
    struct buffer out;
    size_t bytes = text_cut(written, SHOWN_BYTES);
    buffer_init(&out, arena, bytes);
    for (size_t i = 0; i < bytes; i++)
        buffer_add_char(&out, ascii_is_control(written.data[i]) ? '?' : written.data[i]);
    return buffer_text(&out);
}

bool value_read(const struct option *option, const char *written, void *member, struct arena *owned,
                struct status *status)
{
    const struct value_kind *kind = option->kind;
    if (kind->read(option, written, member, owned))
        return true;
    struct buffer allowed;
    buffer_init(&allowed, owned, 128);
    value_allowed(option, &allowed);
    struct text part = kind->shown ? kind->shown(written) : text_of(written);
    const char *hint = kind->hint ? kind->hint(written) : NULL;
    return status_fail(status, STATUS_INVALID_ARGUMENT, "\"%.*s\": %s%sallowed is %.*s",
                       text_arguments(value_shown(part, owned)), hint ? hint : "", hint ? "; " : "",
                       text_arguments(buffer_text(&allowed)));
}
