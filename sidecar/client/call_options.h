/* SPDX-License-Identifier: MIT */
/* What the command line of `call` asks for; between call.c and order.c. One thread. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

#define CALL_OPTIONS_METADATA 32

struct call_options {
    const char *method;         /* as written; NULL when only help is wanted */
    const char *message;        /* JSON, "@file" or "-" */
    const char *target;         /* "dns:…" or "unix:…", as C-core wants it */
    const char *descriptor_set; /* NULL: the embedded one */
    int64_t deadline_ns;
    struct {
        const char *name, *value; /* legal as gRPC has them */
    } metadata[CALL_OPTIONS_METADATA];
    size_t metadata_count;
};

/* INVALID_ARGUMENT with one line that says what is allowed. Strings are views of the arguments or
 * in the arena. */
must_use bool call_options_read(struct call_options *options, int count, char *const arguments[],
                                struct arena *arena, struct status *status);

/* How to write one. */
void call_options_write_help(struct buffer *out);

/* The request's JSON, from the command line, a file or standard input. */
must_use bool call_options_message(const struct call_options *options, struct arena *arena,
                                   struct text *json, struct status *status);
