/* SPDX-License-Identifier: MIT */
/*
 * The sidecar's options: a flag `--token-file` is the environment variable
 * `APIG_SIDECAR_TOKEN_FILE`; the flag wins. Read once at start, read-only afterwards: any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "base/text_list.h"
#include "config/flags.h"
#include "system/address.h"
#include "telemetry/log.h"

#define CONFIG_LISTENERS 16

/* The kind of a caller's name. */
enum caller_kind {
    CALLER_URI, /* in its certificate: "spiffe://cluster.local/ns/shop/sa/cart" */
    CALLER_DNS, /* in its certificate: "cart.shop.svc.cluster.local" */
    CALLER_UID, /* user of its process, on a Unix socket: "65532" */
    CALLER_GID, /* group of its process, on a Unix socket */
};

/* An entry of --allow-callers. */
struct config_caller {
    const struct config_caller *next;
    enum caller_kind kind;
    struct text pattern; /* "*": one or more characters within a segment of a URI, a label of a
                            name */
};

/* A number of calls in a time: 200 in 5 minutes. 0 calls: no limit. */
struct config_rate {
    double calls;
    int64_t window_ns;
};

struct config {
    struct address listen[CONFIG_LISTENERS];
    size_t listen_count;
    bool allow_public_plaintext;

    const char *tls_cert_file, *tls_key_file, *tls_client_ca_file; /* NULL when not given */
    const struct config_caller *allow_callers;                     /* NULL: all callers */
    bool trust_xfcc;

    const char *upstream; /* "https://host[:port][/prefix]", from --upstream or --region; no slash
                             at its end */
    const char *region;   /* NULL when not given */
    const char *upstream_ca_file; /* NULL: the system's store */
    const char *upstream_proxy;   /* NULL: none */
    uint64_t upstream_loops, upstream_connections;
    struct config_rate upstream_rate;
    int64_t upstream_idle_timeout_ns;

    bool recover_lost_creates;

    const char *token_file; /* of the sources of the credential one is not NULL */
    const char *keys;
    bool metadata, pod_identity;
    const char *metadata_url;               /* "http://address[:port]" of this node */
    const char *pod_identity_url;           /* the same, with a path; with pod_identity, from */
    const char *pod_identity_token_file;    /* HC_CONTAINER_… */
    const char *iam_user, *oidc_token_file; /* NULL when not given, like the next three */
    const char *oidc_provider, *agency, *agency_domain;
    const char *iam,
        *sts; /* "https://host[:port]", from --iam and --sts or --region; NULL without */
    const char *iam_ca_file;              /* NULL: the system's store */
    const char *iam_proxy;                /* NULL: --upstream-proxy */
    int64_t credential_lifetime_ns;       /* 0: the issuer's usual one */
    const char *project_id, *instance_id; /* NULL when not given */

    int64_t deadline_ns, max_deadline_ns;
    uint64_t max_in_flight, max_in_flight_per_caller /* 0: no limit */, max_connections,
        max_connections_per_peer, max_streams;
    uint64_t max_streams_per_peer;
    uint64_t max_memory_bytes; /* 0: from the control group's limit */
    uint64_t max_message_bytes, max_response_bytes, max_metadata_bytes, max_metadata_count;
    int64_t handshake_timeout_ns, idle_timeout_ns, max_age_ns, max_age_grace_ns; /* 0: off */
    int64_t drain_delay_ns, drain_timeout_ns;

    struct address monitor, admin;

    double log_sample; /* 0 to 1 */
    enum log_level log_level;
    enum log_format log_format;

    const char *descriptor_set;    /* a file; NULL: the embedded set */
    const struct text_list *serve; /* "pkg.Service/Method" or "pkg.Service/" and an asterisk; NULL:
                                      all that can be served */

    void *owned; /* the strings above, and the origin of each value */
};

/*
 * Reads flags (`arguments`, without program and command) and variables (`environment`,
 * "NAME=value", NULL at the end) over the defaults. An empty value stands for the default. A
 * variable with our prefix that is neither an option's nor one of those that Kubernetes makes for a
 * Service of our name is refused, because the default would silently take its place.
 * INVALID_ARGUMENT with one line that names flag or variable, value and what is allowed. `config`
 * is to be cleared also after a failure.
 */
must_use bool config_read(struct config *config, int count, char *const arguments[],
                          char *const environment[], struct status *status);

/* The same for a command that has options of its own beside these; a flag of both is its own.
 * Strings of `own` live as long as `config`. */
must_use bool config_read_with(struct config *config, struct option_set *own,
                               struct command_line *line, struct status *status);
void config_clear(struct config *config);

/* Returns whether a provider or an agency is named by a URN, "iam::…": STS then issues a temporary
 * key, and otherwise IAM a token or a key. */
bool config_is_urn(const char *text);

/* Returns whether the source that the options name gives an access key, which unlike a token may
 * be of no known project. */
bool config_gives_key(const struct config *config);

/* Finds an option whose values are texts, by its name without "--". False when there is none of
 * that name; `value` is NULL when the option was not given. `config` is a struct config. */
bool config_find_text(const void *config, struct text name, const char **value);

/* Checks that an upstream is given, and that no listener is public without client certificates or
 * permission. INVALID_ARGUMENT names the option. */
must_use bool config_check_serve(const struct config *config, struct status *status);

/* The options by groups, as --help has them. */
void config_write_help(struct buffer *out);

/* The help of one option, by its name without "--"; asserts that there is one. */
void config_write_option_help(const char *name, struct buffer *out);

/* One line for each option: flag, value in force and its origin: "default", "variable" or "flag".
 */
void config_write_resolved(const struct config *config, struct buffer *out);

/* README's table of the options, in Markdown. */
void config_write_markdown(struct buffer *out);

/* Reads "127.0.0.1:50051", "[::1]:0", "unix:/run/x.sock" or "localhost:443"; false for anything
 * else. The result points into the arena. */
must_use bool config_address_parse(struct text text, struct arena *arena, struct address *address);

/* Writes an address as config_address_parse reads it. */
void config_address_write(const struct address *address, struct buffer *out);

/* True for loopback addresses, IPv4 ones in IPv6 included, "localhost" and Unix sockets. */
bool config_address_is_local(const struct address *address);

/* True for "localhost" and loopback addresses as an HTTP request's Host has them: "127.0.0.1",
 * "[::1]:9091". */
bool config_authority_is_local(struct text authority);

/* Reads "spiffe://trust.domain/ns/…", "*.svc.cluster.local", "uid:65532" or "gid:65532"; "*" may
 * stand behind a URI's authority and in a DNS name that has other letters too. False for anything
 * else. The result points into the arena. */
must_use bool config_caller_parse(struct text written, struct arena *arena,
                                  struct config_caller *caller);

/* True when a caller's name may have that character; a name with any other identifies no caller. */
bool config_caller_may_have(enum caller_kind kind, char c);

/* "uid:" for a CALLER_UID, "gid:" for a CALLER_GID, "" for names in certificates. */
const char *config_caller_prefix(enum caller_kind kind);
