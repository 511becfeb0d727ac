/* SPDX-License-Identifier: MIT */
/* The command line of `call`. One thread. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "client/command.h"

#define CALL_OPTIONS_METADATA 32

struct call_metadata {
    struct {
        const char *name, *value; /* legal in gRPC */
    } entries[CALL_OPTIONS_METADATA];
    size_t count;
};

struct call_options {
    const char *method;  /* as written */
    const char *message; /* JSON, "@file" or "-" */
    struct address target;
    const char *descriptor_set; /* NULL: the embedded one */
    int64_t deadline_ns;
    struct call_metadata metadata;
};

extern const struct command call_command; /* its options set struct call_options */

/* INVALID_ARGUMENT with one line that says what is allowed. Strings are in the arena or views of
 * the arguments. */
must_use bool call_options_read(struct call_options *given, int count, char *const arguments[],
                                struct arena *arena, struct status *status);

/* The target as C-core wants it: "dns:127.0.0.1:50051", "unix:/path"; NULL when the arena is full.
 */
must_use const char *call_options_target(const struct call_options *given, struct arena *arena);

/* The request's JSON, from the command line, a file or standard input. */
must_use bool call_options_message(const struct call_options *given, struct arena *arena,
                                   struct text *json, struct status *status);
