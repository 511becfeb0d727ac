/* SPDX-License-Identifier: MIT */
/* Listening sockets, TCP and Unix, and how addresses are written. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/compiler.h"
#include "base/status.h"

struct address {
    const char *unix_path; /* NULL for TCP */
    const char *host;
    uint16_t port; /* 0: the kernel picks one */
};

/* The longest written address. */
#define SOCKET_ADDRESS_BYTES (sizeof "unix:" + sizeof((struct sockaddr_un *)0)->sun_path)

/* So many connections the kernel keeps that have not been accepted. */
#define SOCKET_BACKLOG 1024

struct address_listener {
    int fd;
    char address[SOCKET_ADDRESS_BYTES]; /* "127.0.0.1:50051", "[::1]:50051", "unix:/run/x.sock" */
    const char *unix_path;              /* the address's own; NULL for TCP */
    struct stat file;                   /* of a Unix socket, as it was made */
};

/*
 * Listens, without blocking. A stale socket file is replaced, anything else in the way is left
 * alone. Everybody may connect to a Unix socket: who is let in is decided by the folder's
 * permissions, since the service beside us often runs as another user. FAILED_PRECONDITION, naming
 * the address.
 */
must_use bool address_listen(const struct address *at, struct address_listener *listener,
                             struct status *status);

/* Removes a Unix socket's file, if it still is the one that was made; whoever owns the descriptor
 * closes it. */
void address_forget(const struct address_listener *listener);

/* Writes "host:port" or "[host]:port", and the host alone into `host` (may be NULL), both of `size`
 * bytes; "unknown" when it is neither IPv4 nor IPv6. */
void address_write(const struct sockaddr *address, socklen_t bytes, char *text, char *host,
                   size_t size);
