/* SPDX-License-Identifier: MIT */
/* The option table; between config.c, which reads it, and text.c, which prints it. Read-only: any
 * thread. */
#pragma once

#include <stddef.h>

#include "config/config.h"

enum option_kind {
    OPTION_SWITCH,    /* bool: --flag, --flag=true, --flag=false */
    OPTION_NUMBER,    /* uint64_t */
    OPTION_SIZE,      /* uint64_t, bytes: 4096, 64KiB, 1MiB, 1GiB */
    OPTION_DURATION,  /* int64_t, ns: 500ms, 30s, 2m, 1h */
    OPTION_SHARE,     /* double, 0 to 1 */
    OPTION_TEXT,      /* const char *, NULL when not given */
    OPTION_ADDRESS,   /* struct config_address */
    OPTION_LISTENERS, /* config->listen: comma-separated addresses, repeatable */
    OPTION_REGION,    /* fills in config->upstream */
    OPTION_LOG_LEVEL,
    OPTION_LOG_FORMAT,
};

struct option {
    const char *name; /* "token-file" of --token-file and APIG_SIDECAR_TOKEN_FILE */
    enum option_kind kind;
    size_t member;        /* offset in struct config */
    uint64_t least, most; /* of numbers, sizes (bytes) and durations (ns) */
    const char *fallback; /* as it would be written; NULL: none */
    const char *meaning;
};

extern const struct option option_table[];
extern const size_t option_count;

/* "APIG_SIDECAR_TOKEN_FILE"; terminated. */
#define OPTION_VARIABLE_BYTES 64
void option_variable(const struct option *option, char variable[OPTION_VARIABLE_BYTES]);

/* What may be written, for messages: "30s, 500ms, …, 1ms to 24h". */
void option_allowed(const struct option *option, struct buffer *out);

/* Sets the option's member from what was written. INVALID_ARGUMENT says what is allowed. Strings
 * are kept in `owned`. */
must_use bool option_set(const struct option *option, const char *value, struct config *config,
                         struct arena *owned, struct status *status);

/* Where a value came from. */
enum option_origin { ORIGIN_DEFAULT, ORIGIN_VARIABLE, ORIGIN_FLAG };

#define OPTION_MOST 64

/* What config->owned points to. */
struct config_memory {
    struct arena arena;
    struct {
        const char *value; /* as written; NULL: not given and no default */
        enum option_origin origin;
    } given[OPTION_MOST]; /* by the table's order */
};
