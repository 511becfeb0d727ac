/* SPDX-License-Identifier: MIT */
/*
 * The peer of a connection: its address, and the caller behind it by the names with which it has
 * authenticated. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "server/access.h"

#define PEER_BYTES 80

/* Callers' names are cut to fit where they are shown. */
#define CALLER_BYTES 256

#define CALLER_ANONYMOUS "anonymous"

struct peer {
    char address[PEER_BYTES]; /* "127.0.0.1:41234", "unix:uid=65532,gid=65532,pid=7" */
    char who[PEER_BYTES];     /* without port, group and process; connections are counted by it */
    bool authorized;          /* --allow-callers lists it, or is not set */
    bool is_trusted_proxy;    /* it may name the caller in x-forwarded-client-cert (--trust-xfcc) */
    int64_t opened_ns;        /* when its first byte of HTTP/2 came, of clock_now_ns */
    uint64_t caller_hash;     /* of the caller's whole name, or of `who` when it has none */
    char caller[CALLER_BYTES]; /* "spiffe://…", "uid:65532,gid:65532", "anonymous" */
};

void peer_of_tcp(const struct sockaddr *address, socklen_t bytes, const struct config *config,
                 struct peer *peer);
void peer_of_unix(int fd, const struct config *config, struct peer *peer);

/* Sets the caller behind a connection, by the names of its certificate or those that a trusted
 * proxy forwards. */
void peer_identify(struct peer *peer, const struct config *config, const struct identity *names,
                   size_t count);
