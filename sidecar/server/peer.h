/* SPDX-License-Identifier: MIT */
/*
 * Who is at the other end of the connections that we accepted, and how many there are. C-core
 * closes a connection without telling, so that whether a descriptor still is the same connection
 * shows in its inode only. The main thread, but for what says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "server/access.h"

#define PEER_BYTES 80

/* As much of a caller's name as is shown. */
#define CALLER_BYTES 256

struct peer {
    char address[PEER_BYTES]; /* "127.0.0.1:41234", "unix:uid=65532,gid=65532,pid=7", "unknown" */
    char who[PEER_BYTES];     /* the same without port, group and process: what is counted by */
    bool authorized;          /* --allow-callers lists it, or everybody */
    bool is_trusted_proxy;    /* it is a mesh's proxy, whose word counts (--trust-xfcc) */
    int64_t opened_ns; /* when C-core got the connection, of clock_now_ns; 0 when it is not noted */
    char caller[CALLER_BYTES]; /* "spiffe://…", "uid:65532,gid:65532", "anonymous" */
};

void peer_of_tcp(const struct sockaddr *address, socklen_t bytes, const struct config *config,
                 struct peer *peer);
void peer_of_unix(int fd, const struct config *config, struct peer *peer);

/* Who is behind a connection, by the names that it proved or that somebody we trust says. */
void peer_identify(struct peer *peer, const struct config *config, const struct identity *names,
                   size_t count);

struct peers;

/* At most --max-connections, and --max-connections-per-peer of one peer. */
struct peers *peers_new(const struct config *config);

void peers_free(struct peers *peers); /* NULL is allowed */

/* Notes a connection and returns NULL; or the option that it would pass, and notes nothing. */
const char *peers_note(struct peers *peers, int fd, const struct peer *peer);

/* How many of the noted connections are still open. */
size_t peers_count(struct peers *peers);

/* Notes that a call of the connection was given up by its caller; true when this was once too
 * often, and once for each connection. Any thread. */
bool peers_count_cancel(struct peers *peers, int fd);

/* C-core gets the connection now. Any thread. */
void peers_opened(struct peers *peers, int fd);

/* A noted peer has proved to have these names. Any thread. */
void peers_identify(struct peers *peers, int fd, const struct config *config,
                    const struct identity *names, size_t count);

/* The peer of an open connection; "unknown", who may not call unless everybody may, for a
 * descriptor that never was noted. Any thread. */
void peers_find(struct peers *peers, int fd, struct peer *peer);

/* Descriptors of our own for the connections that are open, `count` of them, to be closed one by
 * one and freed together. A connection for which there is no descriptor left is not among them. Any
 * thread. */
int *peers_hold(struct peers *peers, size_t *count);
