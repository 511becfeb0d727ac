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
#include "http/request_writer.h"
#include "http/response_reader.h"

#include "base/banned.h"

#define RESPONSE_BYTES 65536
#define PIECE_BYTES 4096

static bool out_of_time(struct status *status)
{
    return status_fail(status, STATUS_DEADLINE_EXCEEDED, "no response came in time");
}

/* Waits until the descriptor can be read or written, as `events` has it. */
static bool await(int fd, short events, int64_t until_ns, struct status *status)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    for (;;) {
        int64_t left_ns = until_ns - clock_now_ns();
        if (left_ns <= 0)
            return out_of_time(status);
        /* Rounded up, so that the last millisecond is not a busy loop. */
        int64_t left_ms = left_ns / CLOCK_NS_PER_MS + 1;
        if (poll(&waiting, 1, left_ms < 60000 ? (int)left_ms : 60000) > 0)
            return true;
    }
}

/* Returns a socket that is connected or connecting; -1 and errno on failure. */
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

const char *local_http_host(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(host, "::") == 0 ? "::1" : host;
}

static bool connect_tcp(const struct address *address, int64_t until_ns, int *fd,
                        struct status *status)
{
    char port[8];
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    snprintf(port, sizeof port, "%u", address->port);
    int error = getaddrinfo(local_http_host(address->host), port, &hints, &found);
    if (error)
        return status_fail(status, STATUS_FAILED_PRECONDITION, "%s", gai_strerror(error));
    bool good = false;
    for (struct addrinfo *each = found; each && !good; each = each->ai_next)
        good = connect_to(each->ai_family, each->ai_addr, each->ai_addrlen, until_ns, fd, status);
    freeaddrinfo(found);
    return good;
}

static bool send_request(int fd, const struct local_request *local, struct arena *arena,
                         struct status *status)
{
    struct http_request request = {
        .method = text_of(local->method),
        .target = text_of(local->path),
        .fields = {{.name = text_literal("Connection"), .value = text_literal("close")}},
        .field_count = 1,
        .has_body = true};
    struct http_bytes bytes;
    if (!http1_request(&request, text_literal("localhost"), arena, &bytes, status))
        return false;
    /* The buffer of a new connection has room for a request of this size. */
    if (send(fd, bytes.parts[0].data, bytes.size, MSG_NOSIGNAL) == (ssize_t)bytes.size)
        return true;
    return status_fail(status, STATUS_INTERNAL, "send the request: %m");
}

static bool not_a_sidecar(const struct http1_reader *reader, struct status *status)
{
    if (http1_reader_fault(reader) == HTTP1_FAULT_BODY_TOO_LARGE ||
        http1_reader_fault(reader) == HTTP1_FAULT_HEAD_TOO_LARGE)
        return status_fail(status, STATUS_INTERNAL,
                           "the response is larger than any of an apig-sidecar");
    return status_fail(status, STATUS_INTERNAL, "the server there is not an apig-sidecar");
}

/* Reads once from the connection; MORE also when nothing has come. */
static enum http1_progress receive(int fd, struct http1_reader *reader, struct status *status)
{
    char piece[PIECE_BYTES];
    size_t consumed;
    ssize_t got = recv(fd, piece, sizeof piece, 0);
    if (got == 0)
        return http1_reader_end(reader, status);
    if (got > 0)
        return http1_reader_feed(reader, (struct text){piece, (size_t)got}, &consumed, status);
    if (errno == EAGAIN || errno == EINTR)
        return HTTP1_MORE;
    status_set(status, STATUS_INTERNAL, "read the response: %m");
    return HTTP1_BROKEN;
}

static bool read_response(int fd, int64_t until_ns, struct arena *arena,
                          struct http_response *response, struct status *status)
{
    static const struct http1_limits limits = {
        .head_bytes = 8192, .field_count = 64, .body_bytes = RESPONSE_BYTES};
    struct http1_reader *reader = http1_reader_new(arena, &limits, false);
    enum http1_progress progress = HTTP1_MORE;
    if (!reader)
        return status_fail(status, STATUS_INTERNAL, "no memory for the response");
    while (progress == HTTP1_MORE) {
        if (!await(fd, POLLIN, until_ns, status))
            return false;
        progress = receive(fd, reader, status);
    }
    if (progress == HTTP1_BROKEN)
        return http1_reader_fault(reader) == HTTP1_FAULT_NONE ? false
                                                              : not_a_sidecar(reader, status);
    *response = http1_reader_response(reader);
    return true;
}

bool local_http(const struct local_request *request, struct arena *arena,
                struct http_response *response, struct status *status)
{
    const struct address *address = request->address;
    char written[ADDRESS_BYTES];
    int fd;
    address_write(address, written, sizeof written);
    bool good = address->unix_path
                    ? connect_unix(address->unix_path, request->until_ns, &fd, status)
                    : connect_tcp(address, request->until_ns, &fd, status);
    if (!good)
        return status_wrap(status, "ask %s", written);
    good = send_request(fd, request, arena, status) &&
           read_response(fd, request->until_ns, arena, response, status);
    close(fd);
    return good || status_wrap(status, "ask %s", written);
}

bool local_http_has_port(const struct address *address, const char *option, struct status *status)
{
    return address->unix_path || address->port ||
           status_fail(status, STATUS_INVALID_ARGUMENT,
                       "%s: port 0 stands for a port that is picked at each start; give the port "
                       "that the sidecar listens on",
                       option);
}

bool local_http_line(const struct local_request *request, struct arena *arena, struct text *line,
                     struct status *status)
{
    struct http_response response;
    if (!local_http(request, arena, &response, status))
        return false;
    *line = text_until(response.body, '\n');
    return response.status == 200 ||
           status_fail(status, STATUS_UNAVAILABLE, "%.*s",
                       (int)text_cut(*line, STATUS_MESSAGE_BYTES), line->data);
}
