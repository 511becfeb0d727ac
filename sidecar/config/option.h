/* SPDX-License-Identifier: MIT */
/*
 * One option: a row of a table that command line, environment, --help, README and `check` share. A
 * table belongs to one struct, whose members its options set. The tables and this module's
 * functions are read-only: any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

struct option;

struct value_unit {
    const char *name;
    uint64_t factor;
};

/* How the values of an option are read and written; value.h lists the kinds. */
struct value_kind {
    const char *argument;     /* "DURATION", for --help; NULL for a switch, which needs no value */
    const char *allowed;      /* NULL: the words, or the option's range */
    const char *const *words; /* the values, NULL at the end; the member is the index */
    const struct value_unit *units; /* a NULL name at the end; zero is written with the first */

    /* See value_read; false when the value is not allowed. */
    bool (*read)(const struct option *option, const char *written, void *member,
                 struct arena *owned);
    /* Writes the member as a value that `read` accepts, or "-" when there is none. */
    void (*write)(const struct option *option, const void *member, struct buffer *out);
    /* Leaves no value in the member; NULL when a new value replaces the old one entirely. */
    void (*clear)(void *member);
    /* Says what is wrong with a value that `read` has refused; NULL, also as its result, when there
     * is nothing to add. */
    const char *(*hint)(const char *written);
    /* The part of a value that may be shown in a message; NULL: all of it. */
    struct text (*shown)(const char *written);
};

struct option {
    const char *group; /* heading in --help and README; NULL: none */
    const char *name;  /* "token-file" of --token-file and APIG_SIDECAR_TOKEN_FILE */
    const struct value_kind *kind;
    size_t member;        /* offset in the struct that the table belongs to */
    uint64_t least, most; /* of counts, sizes (bytes) and durations (ns) */
    const char *fallback; /* the default as it would be written; NULL: none, `clear` is called */
    const char *meaning;
};

/* Where a value came from. */
enum option_origin { ORIGIN_DEFAULT, ORIGIN_VARIABLE, ORIGIN_FLAG };

/* An option's name as it is written there: "APIG_SIDECAR_TOKEN_FILE" for a variable, "--token-file"
 * otherwise; terminated. */
#define OPTION_SPELLED_BYTES 64
void option_spell(const struct option *option, enum option_origin origin,
                  char spelled[OPTION_SPELLED_BYTES]);

/* The option that is spelled so; NULL when there is none. */
const struct option *option_find(const struct option *options, size_t count, struct text written,
                                 enum option_origin origin);

/* The most similar spelling of an option, found so far. */
struct option_suggestion {
    size_t distance; /* EDIT_DISTANCE_FAR at the beginning */
    char spelled[OPTION_SPELLED_BYTES];
};

/* Replaces the suggestion when an option of this table is spelled more like what was written. */
void option_suggest(const struct option *options, size_t count, struct text written,
                    enum option_origin origin, struct option_suggestion *suggestion);
