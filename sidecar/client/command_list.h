/* SPDX-License-Identifier: MIT */
/* The list of the commands: finding one by its name, and the overview that --help prints.
 * Read-only: any thread. */
#pragma once

#include "client/command.h"

struct command_entry {
    const struct command *command;
    int (*run)(int count, char *arguments[]); /* without program and command; the exit code */
};

/* NULL when there is no command of that name. */
const struct command_entry *command_list_find(const struct command_entry *entries, size_t count,
                                              const char *name);

/* Names the unknown command, the most similar one if it is similar enough, and all commands. */
void command_list_unknown(const struct command_entry *entries, size_t count, const char *name,
                          struct status *status);

/* The commands with their summaries, then the sidecar's options. */
void command_list_write_help(const struct command_entry *entries, size_t count, struct buffer *out);
