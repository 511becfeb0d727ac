/* SPDX-License-Identifier: MIT */
#include "client/local_http.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define REQUEST_BYTES 256
#define RESPONSE_BYTES 65536

/* Above any address, "unix:" and its path included. */
#define SHOWN_BYTES 256

/* The port that is asked, as its option has it. */
static void show(const struct address *at, char shown[SHOWN_BYTES])
{
    if (at->unix_path)
        snprintf(shown, SHOWN_BYTES, "unix:%s", at->unix_path);
    else
        snprintf(shown, SHOWN_BYTES, strchr(at->host, ':') ? "[%s]:%u" : "%s:%u", at->host,
                 at->port);
}

static bool out_of_time(struct status *status)
{
    return status_fail(status, STATUS_DEADLINE_EXCEEDED, "no answer came in time");
}

/* True when the descriptor can be read or written, as `events` has it. */
static bool await(int fd, short events, int64_t until_ns, struct status *status)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    for (;;) {
        int64_t left_ns = until_ns - clock_now_ns();
        if (left_ns <= 0)
            return out_of_time(status);
        /* Rounded up, so that the last millisecond is not spent turning. */
        int64_t left_ms = left_ns / CLOCK_NS_PER_MS + 1;
        if (poll(&waiting, 1, left_ms < 60000 ? (int)left_ms : 60000) > 0)
            return true;
    }
}

/* -1 and errno, or a socket whose connection is under way or made. */
static int begin_connect(int family, const struct sockaddr *address, socklen_t bytes)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, address, bytes) == 0 || errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool connect_to(int family, const struct sockaddr *address, socklen_t bytes,
                       int64_t until_ns, int *connected, struct status *status)
{
    int error = 0;
    socklen_t error_bytes = sizeof error;
    int fd = begin_connect(family, address, bytes);
    if (fd < 0)
        return status_fail(status, STATUS_FAILED_PRECONDITION, "%m");
    bool good = await(fd, POLLOUT, until_ns, status);
    if (good && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) == 0 && error) {
        errno = error;
        good = status_fail(status, STATUS_FAILED_PRECONDITION, "%m");
    }
    if (good)
        *connected = fd;
    else
        close(fd);
    return good;
}

static bool connect_unix(const char *path, int64_t until_ns, int *fd, struct status *status)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return status_fail(status, STATUS_FAILED_PRECONDITION, "the path is too long");
    memcpy(address.sun_path, path, strlen(path));
    return connect_to(AF_UNIX, (struct sockaddr *)&address, sizeof address, until_ns, fd, status);
}

/* Who listens on all addresses is reached on loopback. */
static const char *host_to_dial(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(host, "::") == 0 ? "::1" : host;
}

static bool connect_tcp(const struct address *at, int64_t until_ns, int *fd, struct status *status)
{
    char port[8];
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    snprintf(port, sizeof port, "%u", at->port);
    int error = getaddrinfo(host_to_dial(at->host), port, &hints, &found);
    if (error)
        return status_fail(status, STATUS_FAILED_PRECONDITION, "%s", gai_strerror(error));
    bool good = false;
    for (struct addrinfo *each = found; each && !good; each = each->ai_next)
        good = connect_to(each->ai_family, each->ai_addr, each->ai_addrlen, until_ns, fd, status);
    freeaddrinfo(found);
    return good;
}

static bool send_request(int fd, const char *method, const char *path, struct status *status)
{
    char request[REQUEST_BYTES];
    int bytes = snprintf(request, sizeof request,
                         "%s %s HTTP/1.1\r\nHost: sidecar\r\nContent-Length: 0\r\n"
                         "Connection: close\r\n\r\n",
                         method, path);
    /* A fresh connection has room for so little. */
    if (send(fd, request, (size_t)bytes, MSG_NOSIGNAL) == bytes)
        return true;
    return status_fail(status, STATUS_INTERNAL, "send the request: %m");
}

static bool receive(int fd, int64_t until_ns, char *at, size_t *bytes, struct status *status)
{
    for (*bytes = 0; *bytes < RESPONSE_BYTES;) {
        if (!await(fd, POLLIN, until_ns, status))
            return false;
        ssize_t got = recv(fd, at + *bytes, RESPONSE_BYTES - *bytes, 0);
        if (got == 0)
            return true;
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return status_fail(status, STATUS_INTERNAL, "read the answer: %m");
        *bytes += got > 0 ? (size_t)got : 0;
    }
    return status_fail(status, STATUS_INTERNAL, "the answer is larger than any of a sidecar");
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK", fields, an empty line, the body up to the connection's end. */
static bool read_response(struct text all, struct local_http_response *response,
                          struct status *status)
{
    static const struct text version = {"HTTP/1.1 ", 9};
    const char *head_end = memmem(all.data, all.size, "\r\n\r\n", 4);
    const char *code = all.data + version.size;
    if (!head_end || head_end - all.data < (ptrdiff_t)version.size + 3 ||
        memcmp(all.data, version.data, version.size) != 0 || !is_digit(code[0]) ||
        !is_digit(code[1]) || !is_digit(code[2]))
        return status_fail(status, STATUS_INTERNAL, "what answers there is no sidecar");
    response->status = (unsigned)((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
    response->body = (struct text){head_end + 4, (size_t)(all.data + all.size - head_end) - 4};
    return true;
}

static bool exchange(int fd, const char *method, const char *path, int64_t until_ns,
                     struct arena *arena, struct local_http_response *response,
                     struct status *status)
{
    size_t bytes;
    char *at = arena_alloc(arena, RESPONSE_BYTES);
    if (!at)
        return status_fail(status, STATUS_INTERNAL, "the answer has no room");
    return send_request(fd, method, path, status) && receive(fd, until_ns, at, &bytes, status) &&
           read_response((struct text){at, bytes}, response, status);
}

bool local_http(const struct address *at, const char *method, const char *path, int64_t until_ns,
                struct arena *arena, struct local_http_response *response, struct status *status)
{
    char shown[SHOWN_BYTES];
    int fd;
    show(at, shown);
    bool good = at->unix_path ? connect_unix(at->unix_path, until_ns, &fd, status)
                              : connect_tcp(at, until_ns, &fd, status);
    if (!good)
        return status_wrap(status, "ask %s", shown);
    good = exchange(fd, method, path, until_ns, arena, response, status);
    close(fd);
    return good || status_wrap(status, "ask %s", shown);
}
