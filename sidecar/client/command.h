/* SPDX-License-Identifier: MIT */
/* What the command line of `health`, `wait` and `shutdown` asks for: a word's own flags among the
 * options and variables of `serve`, which say where the sidecar is. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "config/config.h"

struct command {
    struct config config;
    const char *page; /* of the monitor: "/readyz" */
    int64_t timeout_ns;
    bool waits; /* for the sidecar's end */
    bool wants_help;
};

struct command_option {
    const char *name;
    const char *argument; /* what follows it; NULL when nothing does */
    bool (*set)(struct command *command, const char *value, struct status *status);
    const char *meaning;
};

struct command_usage {
    const char *usage, *meaning;
    const struct command_option *flags;
    size_t flag_count;
};

/* Reads over what `command` holds as defaults. INVALID_ARGUMENT with one line that says what is
 * allowed. It is to be cleared also after a failure. */
must_use bool command_read(struct command *command, const struct command_usage *usage, int count,
                           char *arguments[], struct status *status);
void command_clear(struct command *command);

void command_write_help(const struct command_usage *usage, struct buffer *out);
