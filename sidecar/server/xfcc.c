/* SPDX-License-Identifier: MIT */
#include "server/xfcc.h"

#include "base/ascii.h"

#include "base/banned.h"

static bool is_plain(char c)
{
    return ascii_is_visible(c) && !ascii_is_one_of(c, "\";,");
}

static bool is_quoted(char c)
{
    return c != '"' && c != '\\';
}

/* The value has no quotes, but keeps its backslashes, which no URI or DNS name has. */
static bool take_quoted(struct text *rest, struct text *value)
{
    const char *start = rest->data;
    for (;;) {
        text_take_while(rest, is_quoted);
        *value = (struct text){start, (size_t)(rest->data - start)};
        if (text_take(rest, '"'))
            return true;
        if (!text_take(rest, '\\') || rest->size == 0)
            return false;
        *rest = text_skip(*rest, 1);
    }
}

static const struct {
    struct text key;
    enum caller_kind kind;
} keys[] = {{{"URI", 3}, CALLER_URI}, {{"DNS", 3}, CALLER_DNS}};

static void add_name(struct text key, struct text value, struct identity names[IDENTITY_MOST],
                     size_t *count)
{
    for (size_t i = 0; i < array_length(keys); i++)
        if (text_equal_nocase(key, keys[i].key) && value.size > 0 && *count < IDENTITY_MOST)
            names[(*count)++] = (struct identity){keys[i].kind, value};
}

static bool take_pair(struct text *rest, struct identity names[IDENTITY_MOST], size_t *count)
{
    struct text value, key = text_take_while(rest, ascii_is_letter);
    if (key.size == 0 || !text_take(rest, '='))
        return false;
    if (!text_take(rest, '"'))
        value = text_take_while(rest, is_plain);
    else if (!take_quoted(rest, &value))
        return false;
    add_name(key, value, names, count);
    return true;
}

bool xfcc_read(struct text header, struct identity names[IDENTITY_MOST], size_t *count)
{
    size_t found;
    do {
        found = 0;
        while (text_take(&header, ' '))
            continue;
        do
            if (!take_pair(&header, names, &found))
                return false;
        while (text_take(&header, ';'));
    } while (text_take(&header, ','));
    if (header.size > 0)
        return false;
    *count = found;
    return true;
}
