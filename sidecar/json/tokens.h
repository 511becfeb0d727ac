/* SPDX-License-Identifier: MIT */
/*
 * The text of a JSON document (RFC 8259), read token by token; strings are in json/strings.h. For
 * the files of this folder. Pure; a source is used by one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/status.h"
#include "base/text.h"
#include "json/json.h"

/* A document that is being read: the position, the limits, and the reason of a failure. */
struct json_source {
    const char *start, *at, *end;
    struct arena *arena;
    struct json_limits limits;
    size_t depth;
    struct status *status;
    bool broken; /* the failure is one of the text or of memory and not of the type of a value, so
                    that nothing after it can be read */
};

void json_source_init(struct json_source *source, struct text json,
                      const struct json_limits *limits, struct arena *arena, struct status *status);

/* Fails as broken with "the JSON has WHAT at byte N". Returns false. */
must_use bool json_malformed(struct json_source *source, const char *what);

/* Fails as broken with RESOURCE_EXHAUSTED. Returns false. */
must_use bool json_no_memory(struct json_source *source);

/* The slow path of json_peek, for white space and the end. */
char json_peek_far(struct json_source *source);

/* Returns the first character of the next token, after white space; NUL at the end. */
static inline char json_peek(struct json_source *source)
{
    if (source->at<source->end && * source->at> ' ')
        return *source->at;
    return json_peek_far(source);
}

/* Takes `c`, which is not NUL, if it is the next token. */
static inline bool json_take(struct json_source *source, char c)
{
    if (json_peek(source) != c)
        return false;
    source->at++;
    return true;
}

/* Takes `word`, which is true, false or null, if it is next. */
static inline bool json_take_word(struct json_source *source, const char *word)
{
    size_t bytes = strlen(word);
    if (json_peek(source) != *word || (size_t)(source->end - source->at) < bytes ||
        memcmp(source->at, word, bytes) != 0)
        return false;
    source->at += bytes;
    return true;
}

/* Takes a number; `raw` is the text that it is written in. Fails as broken when no number is next.
 */
must_use bool json_take_number(struct json_source *source, struct text *raw);

/* True when a number is next. */
static inline bool json_number_follows(struct json_source *source)
{
    char c = json_peek(source);
    return c == '-' || ascii_is_digit(c);
}

/* Fails as broken unless only white space follows. */
must_use bool json_finish(struct json_source *source);

/* Takes `{` or `[` and goes one level deeper; json_next with the closing character leaves the
 * level. Fails as broken. */
must_use bool json_enter(struct json_source *source, char open);

/*
 * Goes to the next member or element of the object or array that was entered. False at its end, and
 * on a failure, which sets source->broken. `first` belongs to the caller and is true at the start.
 */
bool json_next(struct json_source *source, char close, bool *first);
