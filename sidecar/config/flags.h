/* SPDX-License-Identifier: MIT */
/*
 * The one reader of command lines: `--name=value`, `--name value`, or `--name` for a switch, in any
 * order and among operands, for the options of one or more tables. One thread for each set of
 * values.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/status.h"
#include "config/option.h"

#define OPTION_MOST 64 /* options of one table */

/* The options of one table with the struct that they set. */
struct option_set {
    const struct option *options;
    size_t count;
    void *values;
    struct arena *owned;                     /* holds the strings that the values point into */
    enum option_origin origins[OPTION_MOST]; /* by the table's order */
};

/* Gives every option its default. INVALID_ARGUMENT when a default is not allowed. */
must_use bool option_set_defaults(struct option_set *set, struct status *status);

/*
 * Sets one option. An empty value stands for the default. A list replaces a list of another origin
 * and is added to one of the same origin. INVALID_ARGUMENT with one line that names the option as
 * it is spelled there, the value and what is allowed.
 */
must_use bool option_set_take(struct option_set *set, const struct option *option,
                              const char *written, enum option_origin origin,
                              struct status *status);

#define COMMAND_LINE_OPERANDS 2

struct command_line {
    int count;
    char *const *arguments;   /* without the program and the command */
    char *const *environment; /* "NAME=value", NULL at the end; flags_read ignores it */
    size_t most_operands;     /* allowed beside options, at most COMMAND_LINE_OPERANDS */
    const char *operands[COMMAND_LINE_OPERANDS]; /* result: the arguments that are neither an option
                                              nor its value */
    size_t operand_count;
};

/* Sets options from the arguments; the first set with an option of that name gets it.
 * INVALID_ARGUMENT with one line that says what is wrong. */
must_use bool flags_read(struct option_set *const sets[], size_t set_count,
                         struct command_line *line, struct status *status);
