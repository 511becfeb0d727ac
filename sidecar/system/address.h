/* SPDX-License-Identifier: MIT */
/* Addresses of listeners, TCP and Unix: listening on them and writing them. Any thread. */
#pragma once

#include <netinet/in.h>
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

/* Number of connections that the kernel keeps for a listener until they are accepted. */
#define SOCKET_BACKLOG 1024

struct address_listener {
    int fd;
    char address[SOCKET_ADDRESS_BYTES]; /* "127.0.0.1:50051", "[::1]:50051", "unix:/run/x.sock" */
    const char *unix_path;              /* the address's own; NULL for TCP */
    struct stat file;                   /* of a Unix socket, as it was made */
};

/*
 * Listens with a socket that does not block. A stale socket file is replaced, any other file in the
 * way is left alone. `socket_mode` are the permissions of a Unix socket: 0666 lets everybody
 * connect whom the folder's permissions let in. FAILED_PRECONDITION, naming the address.
 */
must_use bool address_listen(const struct address *at, mode_t socket_mode,
                             struct address_listener *listener, struct status *status);

/* Removes a Unix socket's file if it still is the one that was made. The owner of the descriptor
 * closes that. */
void address_forget(const struct address_listener *listener);

/* Room for any address as people write it: a host name has at most 255 bytes. */
#define ADDRESS_BYTES 320

/* Writes an address as options have it: "127.0.0.1:50051", "[::1]:50051", "unix:/run/x.sock". */
void address_write(const struct address *address, char *text, size_t size);

/* The family of a socket address, whatever type its memory was written with: compilers may take
 * struct sockaddr and struct sockaddr_in for different memory. */
sa_family_t address_family(const struct sockaddr *socket);

/* True for ::1, and for 127.0.0.0/8 as a socket of both families has it (::ffff:127.0.0.1). */
bool address_is_loopback6(const struct in6_addr *address);

/* Writes an IPv4 or IPv6 socket address in the same way, and the host alone into `host` (NULL is
 * allowed), both of `size` bytes; "unknown" for an address of another family. An IPv4 address in an
 * IPv6 one is written as IPv4, so that a peer has one name whichever listener it meets. */
void address_write_socket(const struct sockaddr *socket, socklen_t bytes, char *text, char *host,
                          size_t size);
