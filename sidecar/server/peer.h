/* SPDX-License-Identifier: MIT */
/*
 * Who is at the other end of the connections that we accepted, and how many there are. C-core
 * closes a connection without telling, so that whether a descriptor still is the same connection
 * shows in its inode only. The main thread, but for peers_address and peers_hold.
 */
#pragma once

#include <stddef.h>
#include <sys/socket.h>

#define PEER_BYTES 80

struct peer {
    char address[PEER_BYTES]; /* "127.0.0.1:41234", "unix:uid=65532,gid=65532,pid=7", "unknown" */
    char who[PEER_BYTES];     /* the same without port, group and process: what is counted by */
};

void peer_of_tcp(const struct sockaddr *address, socklen_t bytes, struct peer *peer);
void peer_of_unix(int fd, struct peer *peer);

struct peers;

/* At most so many connections, and so many of one peer. */
struct peers *peers_new(size_t most, size_t most_each);

void peers_free(struct peers *peers); /* NULL is allowed */

/* Notes a connection and returns NULL; or the option that it would pass, and notes nothing. */
const char *peers_note(struct peers *peers, int fd, const struct peer *peer);

/* How many of the noted connections are still open. */
size_t peers_count(struct peers *peers);

/* The address of an open connection's peer, "unknown" for a descriptor that never was noted. Any
 * thread. */
void peers_address(struct peers *peers, int fd, char address[PEER_BYTES]);

/* Descriptors of our own for the connections that are open, `count` of them, to be closed one by
 * one and freed together. A connection for which there is no descriptor left is not among them. Any
 * thread. */
int *peers_hold(struct peers *peers, size_t *count);
