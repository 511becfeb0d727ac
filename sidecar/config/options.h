/* SPDX-License-Identifier: MIT */
/* The option table; between config.c, which reads options, value.c, which reads and writes their
 * values, and print.c, which prints the table. Read-only: any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum option_kind {
    OPTION_SWITCH,        /* bool: --flag, --flag=true, --flag=false */
    OPTION_NUMBER,        /* uint64_t */
    OPTION_SIZE,          /* uint64_t, bytes: 4096, 64KiB, 1MiB, 1GiB */
    OPTION_DURATION,      /* int64_t, ns: 500ms, 30s, 2m, 1h */
    OPTION_SHARE,         /* double, 0 to 1 */
    OPTION_TEXT,          /* const char *, NULL when not given; so are the next three */
    OPTION_UPSTREAM,      /* a URL of https */
    OPTION_PROXY,         /* a URL of http */
    OPTION_REGION,        /* fills in config->upstream */
    OPTION_ADDRESS,       /* struct address */
    OPTION_LOCAL_ADDRESS, /* the same, loopback only */
    OPTION_LISTENERS,     /* config->listen: comma-separated addresses, repeatable */
    OPTION_CALLERS,       /* const struct config_caller *: comma-separated, repeatable */
    OPTION_LOG_LEVEL,     /* enum log_level */
    OPTION_LOG_FORMAT,    /* enum log_format */
};

struct option {
    const char *name; /* "token-file" of --token-file and APIG_SIDECAR_TOKEN_FILE */
    enum option_kind kind;
    size_t member;        /* offset in struct config */
    uint64_t least, most; /* of numbers, sizes (bytes) and durations (ns) */
    const char *fallback; /* as it would be written; NULL: none, and the member is a string */
    const char *meaning;
};

extern const struct option option_table[];
extern const size_t option_count;

/* Where a value came from. */
enum option_origin { ORIGIN_DEFAULT, ORIGIN_VARIABLE, ORIGIN_FLAG };

/* An option's name as it is written there: "APIG_SIDECAR_TOKEN_FILE" of a variable, "--token-file"
 * of the others; terminated. */
#define OPTION_SPELLED_BYTES 64
void option_spell(const struct option *option, enum option_origin origin,
                  char spelled[OPTION_SPELLED_BYTES]);

/* The option that is spelled so; NULL when there is none. */
const struct option *option_find(struct text written, enum option_origin origin);

/* The spelling of an option that is most like what was written. */
void option_spell_nearest(struct text written, enum option_origin origin,
                          char spelled[OPTION_SPELLED_BYTES]);

#define OPTION_MOST 64

/* What config->owned points to. */
struct config_memory {
    struct arena arena;
    enum option_origin origins[OPTION_MOST]; /* by the table's order */
};
