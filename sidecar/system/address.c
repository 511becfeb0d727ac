/* SPDX-License-Identifier: MIT */
#include "system/address.h"

#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

void address_write(const struct address *address, char *text, size_t size)
{
    if (address->unix_path)
        snprintf(text, size, "unix:%s", address->unix_path);
    else
        snprintf(text, size, strchr(address->host, ':') ? "[%s]:%u" : "%s:%u", address->host,
                 address->port);
}

sa_family_t address_family(const struct sockaddr *socket)
{
    sa_family_t family;
    memcpy(&family, (const char *)socket + offsetof(struct sockaddr, sa_family), sizeof family);
    return family;
}

bool address_is_loopback6(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) ||
           (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

/* The IPv4 address that an IPv6 one contains; false when it contains none. */
static bool unmap(const struct sockaddr *socket, socklen_t bytes, struct sockaddr_in *v4)
{
    struct sockaddr_in6 v6;
    if (address_family(socket) != AF_INET6 || bytes < sizeof v6)
        return false;
    memcpy(&v6, socket, sizeof v6);
    if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
        return false;
    *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = v6.sin6_port};
    memcpy(&v4->sin_addr, &v6.sin6_addr.s6_addr[12], sizeof v4->sin_addr);
    return true;
}

void address_write_socket(const struct sockaddr *socket, socklen_t bytes, char *text, char *host,
                          size_t size)
{
    struct sockaddr_in v4;
    if (unmap(socket, bytes, &v4)) {
        address_write_socket((const struct sockaddr *)&v4, sizeof v4, text, host, size);
        return;
    }
    char name[INET6_ADDRSTRLEN + 1 + 16] = "unknown", port[8];
    bool known = getnameinfo(socket, bytes, name, sizeof name, port, sizeof port,
                             NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    const struct address address = {.host = name,
                                    .port = known ? (uint16_t)strtoul(port, NULL, 10) : 0};
    if (host)
        snprintf(host, size, "%s", name);
    if (known)
        address_write(&address, text, size);
    else
        snprintf(text, size, "%s", name);
}

/* Removes a socket file on which no process listens any more. */
static void remove_stale(const struct sockaddr_un *address)
{
    struct stat file;
    if (lstat(address->sun_path, &file) != 0 || !S_ISSOCK(file.st_mode))
        return;
    /* Without blocking, because a listener that is too busy to accept must not hold us up. */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
        errno == ECONNREFUSED)
        unlink(address->sun_path);
    close(fd);
}

static bool listen_unix(const struct address *at, mode_t mode, struct address_listener *listener,
                        struct status *status)
{
    const char *path = at->unix_path;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return status_fail(status, STATUS_FAILED_PRECONDITION,
                           "listen on unix:%s: the path is longer than %zu bytes", path,
                           sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path));
    remove_stale(&address);
    struct address_listener made = {.unix_path = path};
    made.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool bound = made.fd >= 0 && bind(made.fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (bound && chmod(path, mode) == 0 && lstat(path, &made.file) == 0 &&
        listen(made.fd, SOCKET_BACKLOG) == 0) {
        address_write(at, made.address, sizeof made.address);
        *listener = made;
        return true;
    }
    status_set(status, STATUS_FAILED_PRECONDITION, "listen on unix:%s: %m", path);
    if (bound)
        unlink(path);
    if (made.fd >= 0)
        close(made.fd);
    return false;
}

/* The unspecified address stands for both families, and so does an IPv4 address in an IPv6 one,
 * whatever the system's default is. */
static bool is_of_both_families(const struct sockaddr *socket)
{
    const struct sockaddr_in6 *v6 = (const void *)socket;
    return IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) || IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
}

/* -1 and errno. */
static int bind_resolved(const struct addrinfo *found)
{
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (found->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){!is_of_both_families(found->ai_addr)},
                   sizeof(int));
    if (bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, SOCKET_BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void name_listener(struct address_listener *listener)
{
    struct sockaddr_storage bound = {0};
    socklen_t bytes = sizeof bound;
    if (getsockname(listener->fd, (struct sockaddr *)&bound, &bytes) != 0)
        bound.ss_family = AF_UNSPEC;
    address_write_socket((struct sockaddr *)&bound, bytes, listener->address, NULL,
                         sizeof listener->address);
}

static bool listen_tcp(const struct address *at, struct address_listener *listener,
                       struct status *status)
{
    char port[8];
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    snprintf(port, sizeof port, "%u", at->port);
    int error = getaddrinfo(at->host, port, &hints, &found);
    if (error)
        return status_fail(status, STATUS_FAILED_PRECONDITION, "listen on %s:%s: %s", at->host,
                           port, gai_strerror(error));
    struct address_listener made = {.fd = -1};
    /* All addresses are tried, because "localhost" has an IPv6 address also on hosts without IPv6.
     */
    for (struct addrinfo *each = found; each && made.fd < 0; each = each->ai_next)
        made.fd = bind_resolved(each);
    error = errno;
    freeaddrinfo(found);
    if (made.fd < 0) {
        errno = error;
        return status_fail(status, STATUS_FAILED_PRECONDITION, "listen on %s:%s: %m", at->host,
                           port);
    }
    name_listener(&made);
    *listener = made;
    return true;
}

bool address_listen(const struct address *at, mode_t socket_mode, struct address_listener *listener,
                    struct status *status)
{
    return at->unix_path ? listen_unix(at, socket_mode, listener, status)
                         : listen_tcp(at, listener, status);
}

void address_forget(const struct address_listener *listener)
{
    struct stat now;
    if (listener->unix_path && lstat(listener->unix_path, &now) == 0 &&
        now.st_ino == listener->file.st_ino && now.st_dev == listener->file.st_dev)
        unlink(listener->unix_path);
}
