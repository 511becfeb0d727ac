/* SPDX-License-Identifier: MIT */
#include "schema/readable_name.h"

#include "base/ascii.h"

#include "base/banned.h"

static const char *const acronyms[] = {
    "ACL", "API", "CORS", "DNS", "HTTP", "HTTPS", "ID", "IP", "JWT", "SSL", "TLS", "URL", "VPC",
};

/* A word begins at a capital that follows another character, and at the last capital of a row that
 * lower case follows: "GetURLDomain" is Get, URL, Domain. */
static bool begins_word(struct text name, size_t i)
{
    if (i == 0 || !ascii_is_upper(name.data[i]))
        return false;
    return !ascii_is_upper(name.data[i - 1]) ||
           (i + 1 < name.size && ascii_is_lower(name.data[i + 1]));
}

static void add_word(struct buffer *words, struct text word)
{
    bool capitals = word.size > 1 && ascii_is_upper(word.data[0]) && ascii_is_upper(word.data[1]);
    for (size_t i = 0; i < array_length(acronyms) && !capitals; i++)
        if (text_equal_nocase(word, text_of(acronyms[i]))) {
            word = text_of(acronyms[i]);
            capitals = true;
        }
    for (size_t i = 0; i < word.size; i++) {
        char c = word.data[i];
        buffer_add_char(words, capitals ? c : ascii_to_lower(c));
    }
}

struct text readable_name(struct text name, struct arena *arena)
{
    struct buffer words;
    buffer_init(&words, arena, name.size * 2);
    size_t start = 0;
    for (size_t i = 1; i <= name.size; i++) {
        if (i < name.size && !begins_word(name, i))
            continue;
        if (start > 0)
            buffer_add_char(&words, ' ');
        add_word(&words, (struct text){name.data + start, i - start});
        start = i;
    }
    return buffer_text(&words);
}
