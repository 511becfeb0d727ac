/* SPDX-License-Identifier: MIT */
/* Switches, and values that are one of a few words. */
#include "config/value.h"

#include <string.h>

#include "telemetry/log.h"

#include "base/banned.h"

static const char *const switch_words[] = {"false", "true", NULL};
static const char *const level_words[] = {
#define LEVEL_WORD(name, word) [LOG_##name] = (word),
    LOG_LEVELS(LEVEL_WORD)
#undef LEVEL_WORD
        NULL};
static const char *const format_words[] = {[LOG_JSON] = "json", [LOG_TEXT] = "text", NULL};

_Static_assert(sizeof(enum log_level) == sizeof(unsigned) &&
                   sizeof(enum log_format) == sizeof(unsigned),
               "enums are stored as unsigned");

static bool read_word(const struct option *option, const char *written, void *member,
                      struct arena *owned)
{
    (void)owned;
    const char *const *words = option->kind->words;
    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(written, words[i]) != 0)
            continue;
        *(unsigned *)member = i;
        return true;
    }
    return false;
}

static void write_word(const struct option *option, const void *member, struct buffer *out)
{
    buffer_add_text(out, text_of(option->kind->words[*(const unsigned *)member]));
}

static bool read_switch(const struct option *option, const char *written, void *member,
                        struct arena *owned)
{
    unsigned index;
    if (!read_word(option, written, &index, owned))
        return false;
    *(bool *)member = index;
    return true;
}

static void write_switch(const struct option *option, const void *member, struct buffer *out)
{
    write_word(option, &(unsigned){*(const bool *)member}, out);
}

const struct value_kind value_switch = {
    .words = switch_words, .read = read_switch, .write = write_switch};

const struct value_kind value_log_level = {
    .argument = "LEVEL", .words = level_words, .read = read_word, .write = write_word};

const struct value_kind value_log_format = {
    .argument = "FORMAT", .words = format_words, .read = read_word, .write = write_word};
