/* SPDX-License-Identifier: MIT */
#include "config/option.h"

#include <string.h>

#include "base/ascii.h"
#include "config/edit_distance.h"

#include "base/banned.h"

#define FLAG_PREFIX "--"
#define VARIABLE_PREFIX "APIG_SIDECAR_"

static char variable_character(char c)
{
    return c == '-' ? '_' : ascii_to_upper(c);
}

void option_spell(const struct option *option, enum option_origin origin,
                  char spelled[OPTION_SPELLED_BYTES])
{
    bool variable = origin == ORIGIN_VARIABLE;
    struct text prefix = variable ? text_literal(VARIABLE_PREFIX) : text_literal(FLAG_PREFIX);
    size_t used = prefix.size;
    memcpy(spelled, prefix.data, used);
    for (const char *c = option->name; *c && used < OPTION_SPELLED_BYTES - 1; c++)
        spelled[used++] = variable ? variable_character(*c) : *c;
    spelled[used] = '\0';
}

const struct option *option_find(const struct option *options, size_t count, struct text written,
                                 enum option_origin origin)
{
    char spelled[OPTION_SPELLED_BYTES];
    for (size_t i = 0; i < count; i++) {
        option_spell(&options[i], origin, spelled);
        if (text_equal(written, text_of(spelled)))
            return &options[i];
    }
    return NULL;
}

void option_suggest(const struct option *options, size_t count, struct text written,
                    enum option_origin origin, struct option_suggestion *suggestion)
{
    char spelled[OPTION_SPELLED_BYTES];
    for (size_t i = 0; i < count; i++) {
        option_spell(&options[i], origin, spelled);
        size_t distance = edit_distance(written, text_of(spelled));
        /* A short name is near to everything that is short. */
        if (distance >= suggestion->distance || distance * 2 > strlen(spelled))
            continue;
        suggestion->distance = distance;
        memcpy(suggestion->spelled, spelled, sizeof spelled);
    }
}
