/* SPDX-License-Identifier: MIT */
#include "base/unescape.h"

#include <limits.h>

#include "base/ascii.h"

#include "base/banned.h"

/* Numbers of characters; a longer prefix stands before a shorter one that it begins with. */
static const struct form {
    struct text prefix;
    size_t least, most; /* digits */
    int base;
    char end; /* may follow them, and has to where `is_closed` */
    bool is_closed;
} forms[] = {
    {{"%u", 2}, 4, 4, 16, '\0', false},  {{"%", 1}, 2, 2, 16, '\0', false},
    {{"\\u{", 3}, 1, 6, 16, '}', true},  {{"\\u", 2}, 4, 4, 16, '\0', false},
    {{"\\U", 2}, 8, 8, 16, '\0', false}, {{"\\x", 2}, 2, 2, 16, '\0', false},
    {{"\\", 1}, 3, 3, 8, '\0', false},   {{"&#x", 3}, 1, 8, 16, ';', false},
    {{"&#X", 3}, 1, 8, 16, ';', false},  {{"&#", 2}, 1, 8, 10, ';', false},
};

/* The names that HTML has for visible ASCII (HTML Living Standard, "Named character references").
 */
static const struct {
    struct text name;
    char character;
} names[] = {
    {{"&excl;", 6}, '!'},   {{"&quot;", 6}, '"'},   {{"&num;", 5}, '#'},   {{"&dollar;", 8}, '$'},
    {{"&percnt;", 8}, '%'}, {{"&amp;", 5}, '&'},    {{"&apos;", 6}, '\''}, {{"&lpar;", 6}, '('},
    {{"&rpar;", 6}, ')'},   {{"&ast;", 5}, '*'},    {{"&plus;", 6}, '+'},  {{"&comma;", 7}, ','},
    {{"&period;", 8}, '.'}, {{"&sol;", 5}, '/'},    {{"&colon;", 7}, ':'}, {{"&semi;", 6}, ';'},
    {{"&lt;", 4}, '<'},     {{"&equals;", 8}, '='}, {{"&gt;", 4}, '>'},    {{"&quest;", 7}, '?'},
    {{"&commat;", 8}, '@'}, {{"&lsqb;", 6}, '['},   {{"&bsol;", 6}, '\\'}, {{"&rsqb;", 6}, ']'},
    {{"&Hat;", 5}, '^'},    {{"&lowbar;", 8}, '_'}, {{"&grave;", 7}, '`'}, {{"&lcub;", 6}, '{'},
    {{"&verbar;", 8}, '|'}, {{"&rcub;", 6}, '}'},
};

static bool is_digit(char c, int base)
{
    return ascii_is_hex(c) && ascii_hex_value(c) < base;
}

/* The bytes of an escape of that form; 0 when the text begins with none. */
static size_t read_form(const struct form *form, struct text text, char *character)
{
    size_t at = form->prefix.size, digits = 0;
    int64_t number = 0;
    if (!text_starts_with(text, form->prefix))
        return 0;
    for (; at < text.size && digits < form->most && is_digit(text.data[at], form->base); digits++)
        number = number * form->base + ascii_hex_value(text.data[at++]);
    bool ends = form->end && at < text.size && text.data[at] == form->end;
    if (digits < form->least || number > CHAR_MAX || !ascii_is_visible((char)number) ||
        (form->is_closed && !ends))
        return 0;
    *character = (char)number;
    return at + ends;
}

static size_t read_name(struct text text, char *character)
{
    for (size_t i = 0; i < array_length(names); i++) {
        if (!text_starts_with(text, names[i].name))
            continue;
        *character = names[i].character;
        return names[i].name.size;
    }
    return 0;
}

/* "\/" and "\"": a backslash makes no other character of them. */
static size_t read_quoted(struct text text, char *character)
{
    if (text.size < 2 || text.data[0] != '\\' || !ascii_is_visible(text.data[1]) ||
        ascii_is_alphanumeric(text.data[1]))
        return 0;
    *character = text.data[1];
    return 2;
}

static size_t read_escape(struct text text, char *character)
{
    for (size_t i = 0; i < array_length(forms); i++) {
        size_t bytes = read_form(&forms[i], text, character);
        if (bytes > 0)
            return bytes;
    }
    size_t bytes = read_name(text, character);
    return bytes > 0 ? bytes : read_quoted(text, character);
}

size_t unescape(struct text text, char *character)
{
    char first = text.data[0];
    size_t bytes = ascii_is_one_of(first, "%\\&") ? read_escape(text, character) : 0;
    if (bytes > 0)
        return bytes;
    *character = first;
    return 1;
}
