/* SPDX-License-Identifier: MIT */
#include "server/preface_wait.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http2/preface.h"

#include "base/banned.h"

struct pending_connection {
    LIST_ENTRY(pending_connection) place;
    struct pending_connections *pending;
    struct event *event;
    struct event *timeout; /* of its own, because that of `event` would restart with each byte */
    int fd;
};

struct pending_connections {
    struct event_base *loop;
    struct timeval timeout;
    void (*accepted)(int fd, void *context);
    void *context;
    LIST_HEAD(, pending_connection) waiting;
};

struct pending_connections *pending_connections_new(struct event_base *loop, int64_t timeout_ns,
                                                    void (*accepted)(int fd, void *context),
                                                    void *context)
{
    struct pending_connections *pending = memory_expect(calloc(1, sizeof *pending));
    *pending = (struct pending_connections){
        .loop = loop,
        .timeout = clock_timeval(timeout_ns),
        .accepted = accepted,
        .context = context,
    };
    LIST_INIT(&pending->waiting);
    return pending;
}

/* Leaves the descriptor open. */
static void forget(struct pending_connection *connection)
{
    LIST_REMOVE(connection, place);
    event_free(connection->event);
    event_free(connection->timeout);
    free(connection);
}

static void reject(struct pending_connection *connection)
{
    int fd = connection->fd;
    forget(connection);
    close(fd);
}

static void accept_connection(struct pending_connection *connection)
{
    struct pending_connections *pending = connection->pending;
    int fd = connection->fd;
    forget(connection);
    pending->accepted(fd, pending->context);
}

enum preface_state { NOTHING, INCOMPLETE, COMPLETE, WRONG };

/* Peeks, because C-core has to read the bytes as well. */
static enum preface_state peek(int fd)
{
    char bytes[PREFACE_BYTES];
    ssize_t came = recv(fd, bytes, sizeof bytes, MSG_PEEK);
    if (came < 0 && (errno == EAGAIN || errno == EINTR))
        return NOTHING;
    if (came <= 0 || !preface_begins(bytes, (size_t)came))
        return WRONG;
    return came == PREFACE_BYTES ? COMPLETE : INCOMPLETE;
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    enum preface_state state = peek(fd);
    if (state == COMPLETE)
        accept_connection(context);
    else if (state == WRONG || (state == INCOMPLETE && what & EV_CLOSED))
        reject(context);
}

static void on_timeout(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    reject(context);
}

void pending_connections_add(struct pending_connections *pending, int fd)
{
    struct pending_connection *connection = memory_expect(calloc(1, sizeof *connection));
    connection->pending = pending;
    connection->fd = fd;
    /* Edge-triggered, because bytes that are only peeked at would wake us for ever. */
    connection->event = memory_expect(event_new(
        pending->loop, fd, EV_READ | EV_CLOSED | EV_ET | EV_PERSIST, on_event, connection));
    LIST_INSERT_HEAD(&pending->waiting, connection, place);
    connection->timeout = memory_expect(evtimer_new(pending->loop, on_timeout, connection));
    event_add(connection->event, NULL);
    if (timerisset(&pending->timeout))
        event_add(connection->timeout, &pending->timeout);
}

void pending_connections_accept_ready(struct pending_connections *pending)
{
    for (struct pending_connection *connection = LIST_FIRST(&pending->waiting), *next; connection;
         connection = next) {
        next = LIST_NEXT(connection, place);
        if (peek(connection->fd) == COMPLETE)
            accept_connection(connection);
    }
}

void pending_connections_free(struct pending_connections *pending)
{
    if (!pending)
        return;
    for (struct pending_connection *connection = LIST_FIRST(&pending->waiting), *next; connection;
         connection = next) {
        next = LIST_NEXT(connection, place);
        reject(connection);
    }
    free(pending);
}
