/* SPDX-License-Identifier: MIT */
/* What the command line of `health`, `wait` and `shutdown` asks for: a word's own flags among the
 * options and variables of `serve`, which say where the sidecar is. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "config/config.h"

struct errand {
    struct config config;
    const char *page; /* of the monitor: "/readyz" */
    int64_t timeout_ns;
    bool waits; /* for the sidecar's end */
    bool wants_help;
};

struct errand_flag {
    const char *name;
    const char *argument; /* what follows it; NULL when nothing does */
    bool (*set)(struct errand *errand, const char *value, struct status *status);
    const char *meaning;
};

struct errand_word {
    const char *usage, *meaning;
    const struct errand_flag *flags;
    size_t flag_count;
};

/* Reads over what `errand` holds as defaults. INVALID_ARGUMENT with one line that says what is
 * allowed. It is to be cleared also after a failure. */
must_use bool errand_read(struct errand *errand, const struct errand_word *word, int count,
                          char *arguments[], struct status *status);
void errand_clear(struct errand *errand);

void errand_write_help(const struct errand_word *word, struct buffer *out);
