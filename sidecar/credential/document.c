/* SPDX-License-Identifier: MIT */
#include "credential/document.h"

#include "json/strings.h"

#include "base/banned.h"

struct text document_write(const char *form, const struct text texts[], struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, arena, 0);
    for (; *form; form++)
        if (*form == '$')
            json_add_string(&out, *texts++);
        else if (*form == '#')
            buffer_add_text(&out, *texts++);
        else
            buffer_add_char(&out, (char)(*form == '\'' ? '"' : *form));
    return out.full ? (struct text){NULL, 0} : buffer_text(&out);
}
