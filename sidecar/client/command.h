/* SPDX-License-Identifier: MIT */
/* The commands of the command line: how they describe themselves and report, and how those that ask
 * a running sidecar read their options. One thread. */
#pragma once

#include <stdio.h>

#include "base/status.h"
#include "base/text.h"
#include "config/config.h"

enum { EXIT_BAD = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *usage;            /* the rest of the line that calls it: "[OPTION]..." */
    const char *summary;          /* a few words for the list of commands */
    const char *about;            /* a paragraph for its own --help */
    const struct option *options; /* its own */
    size_t option_count;
    const char
        *sidecar_option; /* the sidecar's option that it needs most: "monitor"; may be NULL */
};

/* The command's own --help. */
void command_write_help(const struct command *command, struct buffer *out);

/* Prints that and returns the exit code. */
int command_print_help(const struct command *command);

/* Reads the options of a command that also takes the sidecar's: `values` is the struct that its own
 * options set. INVALID_ARGUMENT with one line. `config` is to be cleared also after a failure. */
must_use bool command_read(const struct command *command, struct command_line *line,
                           struct config *config, void *values, struct status *status);

/*
 * Reads the options and carries the command out, which prints its result and returns the exit code.
 * `values` as in command_read.
 */
must_use int command_run(const struct command *command, int count, char *arguments[], void *values,
                         int (*carry_out)(const struct config *config, const void *values,
                                          struct arena *arena));

/* Prints one line, its control characters as "?", because it may come from a peer. */
void command_print(FILE *where, const char *before, struct text line);

/* Prints "apig-sidecar: message" to standard error and returns `exit_code`. */
int command_fail(const struct status *status, int exit_code);

/* Writes out what was printed to standard output and returns `exit_code`; when that fails, prints
 * the reason to standard error and returns EXIT_BAD. */
int command_finish(int exit_code);

/* Prints the line of a command that succeeded and returns its exit code. */
int command_succeed(struct text line);
