/* SPDX-License-Identifier: MIT */
/*
 * The options, all of them in one table: a flag `--token-file` is the environment variable
 * `APIG_SIDECAR_TOKEN_FILE`; the flag wins. Read once at start, read-only afterwards: any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "system/address.h"
#include "base/text.h"
#include "telemetry/log.h"

#define CONFIG_LISTENERS 16

/* What a caller is known by. */
enum caller_kind {
    CALLER_URI, /* of its certificate: "spiffe://cluster.local/ns/shop/sa/cart" */
    CALLER_DNS, /* of its certificate: "cart.shop.svc.cluster.local" */
    CALLER_UID, /* of its process, on a Unix socket: "65532" */
    CALLER_GID,
};

/* Whom --allow-callers lists. */
struct config_caller {
    const struct config_caller *next;
    enum caller_kind kind;
    struct text pattern; /* "*": one or more characters within a segment of a URI, a label of a
                            name */
};

struct config {
    struct address listen[CONFIG_LISTENERS];
    size_t listen_count;
    bool allow_public_plaintext;

    const char *tls_cert_file, *tls_key_file, *tls_client_ca_file; /* NULL when not given */
    const struct config_caller *allow_callers;                     /* NULL: everybody */
    bool trust_xfcc;

    const char *upstream; /* "https://host[:port][/prefix]", of --upstream or made of --region; no
                             slash at its end */
    const char *region;   /* NULL when not given */
    const char *upstream_ca_file; /* NULL: the system's store */
    const char *upstream_proxy;   /* NULL: none */
    uint64_t upstream_loops, upstream_connections;

    bool recover_lost_creates;

    const char *token_file;
    const char *project_id, *instance_id; /* NULL when not given */

    int64_t deadline_ns, max_deadline_ns;
    uint64_t max_in_flight, max_connections, max_connections_per_peer, max_streams;
    uint64_t max_message_bytes, max_response_bytes, max_metadata_bytes, max_metadata_count;
    int64_t handshake_timeout_ns, idle_timeout_ns, max_age_ns, max_age_grace_ns; /* 0: off */
    int64_t drain_delay_ns, drain_timeout_ns;

    struct address monitor, admin;

    double log_sample; /* 0 to 1 */
    enum log_level log_level;
    enum log_format log_format;

    const char *descriptor_set; /* a file; NULL: the embedded set */

    void *owned; /* what the strings above point into, and where each value came from */
};

/*
 * Reads flags (`arguments`, without program and word) and variables (`environment`, "NAME=value",
 * NULL-terminated) over the defaults. An empty variable is as good as none, an empty flag as good
 * as the default. A variable with our prefix that is neither an option's nor one of those that
 * Kubernetes makes for a Service of our name is refused, since a default would stand in for what
 * was meant. INVALID_ARGUMENT with one line that names flag or variable, value and what is allowed.
 * `config` is to be cleared also after a failure.
 */
must_use bool config_read(struct config *config, int count, char *const arguments[],
                          char *const environment[], struct status *status);
void config_clear(struct config *config);

/* What serving needs beyond well-formed values: an upstream, and no public plaintext listener
 * without permission. */
must_use bool config_check_serve(const struct config *config, struct status *status);

/* The option table for people: an option, its variable, default, meaning and range a line. */
void config_write_help(struct buffer *out);

/* One line an option: flag, value as it is in force, and where that came from: "default",
 * "variable", "flag". */
void config_write_resolved(const struct config *config, struct buffer *out);

/* The same table as README has it, in Markdown. */
void config_write_markdown(struct buffer *out);

/* "127.0.0.1:50051", "[::1]:0", "unix:/run/x.sock", "localhost:443". INVALID_ARGUMENT otherwise.
 * The result points into the arena. */
must_use bool config_address_parse(struct text text, struct arena *arena, struct address *address,
                                   struct status *status);

/* True for loopback addresses, "localhost" and Unix sockets. */
bool config_address_is_local(const struct address *address);

/* "spiffe://trust.domain/ns/…", "*.svc.cluster.local", "uid:65532" or "gid:65532", with "*" behind
 * a URI's authority and in a name that is not all of "*"; false otherwise. The result points into
 * the arena. */
must_use bool config_caller_parse(struct text written, struct arena *arena,
                                  struct config_caller *caller);

/* Whether a caller's name may have that character: what has others is nobody's name. */
bool config_caller_may_have(enum caller_kind kind, char c);

/* "uid:" of a CALLER_UID, "" of certificates' names. */
const char *config_caller_prefix(enum caller_kind kind);

/* "30s", "500ms", "2m", "1h"; INVALID_ARGUMENT otherwise. */
must_use bool config_duration_parse(struct text text, int64_t *ns, struct status *status);
