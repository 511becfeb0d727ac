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
    const char *method;               /* as written */
    const char *message;              /* JSON, "@file" or "-" */
    struct address target;            /* never port 0 or a host that stands for all addresses */
    const char *ca_file;              /* NULL: without TLS, and so are the next three */
    const char *cert_file, *key_file; /* both or none */
    const char *server_name;          /* NULL: that of the target */
    const char *descriptor_set;       /* NULL: the embedded one */
    const struct text_list *serve;    /* the methods that the sidecar serves, as in the config */
    int64_t deadline_ns;
    struct call_metadata metadata;
};

extern const struct command call_command; /* its options set struct call_options */

/*
 * Reads the command line, in which two operands are allowed, and the sidecar's options and
 * variables. INVALID_ARGUMENT with one line that says what is allowed. Strings belong to the
 * arguments or to `config`, which is to be cleared also after a failure.
 */
must_use bool call_options_read(struct call_options *given, struct config *config,
                                struct command_line *line, struct status *status);

/* The target as C-core wants it: "dns:127.0.0.1:50051", "unix:/path"; NULL when the arena is full.
 */
must_use const char *call_options_target(const struct call_options *given, struct arena *arena);

/* The request's JSON, from the command line, a file or standard input. Says so on standard error
 * when it waits for a person at a terminal. */
must_use bool call_options_message(const struct call_options *given, struct arena *arena,
                                   struct text *json, struct status *status);
