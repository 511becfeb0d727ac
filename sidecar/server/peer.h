/* SPDX-License-Identifier: MIT */
/*
 * The peers of accepted connections, and how many connections are open. C-core closes a connection
 * without a notice, so that a descriptor is compared by its inode: only the same inode is the same
 * connection. The main thread, unless a comment names another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "server/access.h"

#define PEER_BYTES 80

/* Callers' names are cut to fit. */
#define CALLER_BYTES 256

struct peer {
    char address[PEER_BYTES]; /* "127.0.0.1:41234", "unix:uid=65532,gid=65532,pid=7", "unknown" */
    char who[PEER_BYTES];     /* without port, group and process; connections are counted by it */
    bool authorized;          /* --allow-callers lists it, or is not set */
    bool is_trusted_proxy;    /* it may name the caller in x-forwarded-client-cert (--trust-xfcc) */
    int64_t opened_ns; /* when C-core got the connection, of clock_now_ns; 0 when not known */
    char caller[CALLER_BYTES]; /* "spiffe://…", "uid:65532,gid:65532", "anonymous" */
};

void peer_of_tcp(const struct sockaddr *address, socklen_t bytes, const struct config *config,
                 struct peer *peer);
void peer_of_unix(int fd, const struct config *config, struct peer *peer);

/* Sets the caller behind a connection, by the names of its certificate or those that a trusted
 * proxy forwards. */
void peer_identify(struct peer *peer, const struct config *config, const struct identity *names,
                   size_t count);

struct peers;

/* At most --max-connections, and --max-connections-per-peer of one peer. */
struct peers *peers_new(const struct config *config);

void peers_free(struct peers *peers); /* NULL is allowed */

/* Adds a connection and returns NULL, or returns the option whose limit is reached. */
const char *peers_note(struct peers *peers, int fd, const struct peer *peer);

/* Number of added connections that are still open. */
size_t peers_count(struct peers *peers);

/* Counts a call of the connection that its caller has cancelled. Returns whether the limit was
 * exceeded now; true at most once for each connection. Any thread. */
bool peers_count_cancel(struct peers *peers, int fd);

/* C-core gets the connection now. Any thread. */
void peers_opened(struct peers *peers, int fd);

/* Sets the names of the certificate with which an added peer has authenticated. Any thread. */
void peers_identify(struct peers *peers, int fd, const struct config *config,
                    const struct identity *names, size_t count);

/* The peer of an open connection. For a descriptor that was not added it is "unknown", which is
 * authorized only when --allow-callers is not set. Any thread. */
void peers_find(struct peers *peers, int fd, struct peer *peer);

/* Duplicates the descriptors of the open connections: `count` of them, to be closed one by one, in
 * an array to be freed. Those for which no descriptor is left are missing. Any thread. */
int *peers_hold(struct peers *peers, size_t *count);
