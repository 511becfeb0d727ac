/* SPDX-License-Identifier: MIT */
#include "server/xfcc.h"

#include <ctype.h>

#include "base/banned.h"

static bool take(struct text *rest, char c)
{
    if (rest->size == 0 || rest->data[0] != c)
        return false;
    rest->data++;
    rest->size--;
    return true;
}

/* The longest beginning of which `takes` is true. */
static struct text take_while(struct text *rest, bool (*takes)(char c))
{
    struct text taken = {rest->data, 0};
    while (taken.size < rest->size && takes(rest->data[taken.size]))
        taken.size++;
    rest->data += taken.size;
    rest->size -= taken.size;
    return taken;
}

static bool is_letter(char c)
{
    return isalpha((unsigned char)c);
}

static bool is_space(char c)
{
    return c == ' ';
}

static bool is_plain(char c)
{
    return c > ' ' && c <= '~' && c != '"' && c != ';' && c != ',';
}

static bool is_quoted(char c)
{
    return c != '"' && c != '\\';
}

/* Without the quotes, but with backslashes, which no name that counts has. */
static bool take_quoted(struct text *rest, struct text *value)
{
    const char *start = rest->data;
    for (;;) {
        take_while(rest, is_quoted);
        *value = (struct text){start, (size_t)(rest->data - start)};
        if (take(rest, '"'))
            return true;
        if (!take(rest, '\\') || rest->size == 0)
            return false;
        rest->data++;
        rest->size--;
    }
}

static const struct {
    struct text key;
    enum caller_kind kind;
} keys[] = {{{"URI", 3}, CALLER_URI}, {{"DNS", 3}, CALLER_DNS}};

static void note(struct text key, struct text value, struct identity names[IDENTITY_MOST],
                 size_t *count)
{
    for (size_t i = 0; i < array_length(keys); i++)
        if (text_equal_nocase(key, keys[i].key) && value.size > 0 && *count < IDENTITY_MOST)
            names[(*count)++] = (struct identity){keys[i].kind, value};
}

static bool take_pair(struct text *rest, struct identity names[IDENTITY_MOST], size_t *count)
{
    struct text value, key = take_while(rest, is_letter);
    if (key.size == 0 || !take(rest, '='))
        return false;
    if (!take(rest, '"'))
        value = take_while(rest, is_plain);
    else if (!take_quoted(rest, &value))
        return false;
    note(key, value, names, count);
    return true;
}

bool xfcc_read(struct text header, struct identity names[IDENTITY_MOST], size_t *count)
{
    size_t found;
    do {
        found = 0;
        take_while(&header, is_space);
        do
            if (!take_pair(&header, names, &found))
                return false;
        while (take(&header, ';'));
    } while (take(&header, ','));
    if (header.size > 0)
        return false;
    *count = found;
    return true;
}
