/* SPDX-License-Identifier: MIT */
#include "http/json_end.h"

#include <stddef.h>

#include "base/banned.h"

static size_t skip_whitespace(struct text text, size_t i)
{
    while (i < text.size && memchr(" \t\r\n", text.data[i], 4))
        i++;
    return i;
}

/* The index of the quotation mark that ends the string which begins at `i`. */
static size_t string_end(struct text text, size_t i)
{
    for (i++; i < text.size && text.data[i] != '"'; i++)
        if (text.data[i] == '\\')
            i++;
    return i;
}

static int nesting_change(char c)
{
    return (c == '{' || c == '[') - (c == '}' || c == ']');
}

bool json_is_closed(struct text text)
{
    size_t i = skip_whitespace(text, 0), depth = 0;
    if (i == text.size || nesting_change(text.data[i]) != 1)
        return false;
    do {
        if (text.data[i] == '"')
            i = string_end(text, i);
        else
            depth += (size_t)nesting_change(text.data[i]);
        i++;
    } while (depth > 0 && i < text.size);
    return depth == 0 && skip_whitespace(text, i) == text.size;
}
