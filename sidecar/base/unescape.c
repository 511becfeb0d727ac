/* SPDX-License-Identifier: MIT */
#include "base/unescape.h"

#include "base/banned.h"

/* Numbers of characters; a longer prefix stands before a shorter one that it begins with. */
static const struct form {
    struct text prefix;
    unsigned base;
    size_t least, most; /* digits */
    char end;           /* may follow them, and has to where `is_closed` */
    bool is_closed;
} forms[] = {
    {{"%u", 2}, 16, 4, 4, '\0', false},  {{"%", 1}, 16, 2, 2, '\0', false},
    {{"\\u{", 3}, 16, 1, 6, '}', true},  {{"\\u", 2}, 16, 4, 4, '\0', false},
    {{"\\U", 2}, 16, 8, 8, '\0', false}, {{"\\x", 2}, 16, 2, 2, '\0', false},
    {{"\\", 1}, 8, 3, 3, '\0', false},   {{"&#x", 3}, 16, 1, 8, ';', false},
    {{"&#X", 3}, 16, 1, 8, ';', false},  {{"&#", 2}, 10, 1, 8, ';', false},
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

static bool begins_with(struct text text, struct text prefix)
{
    return text.size >= prefix.size && memcmp(text.data, prefix.data, prefix.size) == 0;
}

static bool is_visible(unsigned long character)
{
    return character > ' ' && character <= '~';
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

/* The bytes of an escape of that form; 0 when the text begins with none. */
static size_t read_form(const struct form *form, struct text text, char *character)
{
    size_t at = form->prefix.size, digits = 0;
    unsigned long number = 0;
    if (!begins_with(text, form->prefix))
        return 0;
    for (; at < text.size && digits < form->most && digit_of(text.data[at]) < form->base; digits++)
        number = number * form->base + digit_of(text.data[at++]);
    bool ends = form->end && at < text.size && text.data[at] == form->end;
    if (digits < form->least || !is_visible(number) || (form->is_closed && !ends))
        return 0;
    *character = (char)number;
    return at + ends;
}

static size_t read_name(struct text text, char *character)
{
    for (size_t i = 0; i < array_length(names); i++) {
        if (!begins_with(text, names[i].name))
            continue;
        *character = names[i].character;
        return names[i].name.size;
    }
    return 0;
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "\/" and "\"": a backslash makes no other character of them. */
static size_t read_quoted(struct text text, char *character)
{
    if (text.size < 2 || text.data[0] != '\\' || !is_visible((unsigned char)text.data[1]) ||
        is_alphanumeric(text.data[1]))
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
    size_t bytes = first == '%' || first == '\\' || first == '&' ? read_escape(text, character) : 0;
    if (bytes > 0)
        return bytes;
    *character = first;
    return 1;
}
