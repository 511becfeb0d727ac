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
    struct event *patience; /* an event's own timeout would begin anew with each byte */
    int fd;
};

struct pending_connections {
    struct event_base *loop;
    struct timeval patience;
    void (*accepted)(int fd, void *context);
    void *context;
    LIST_HEAD(, pending_connection) waiting;
};

struct pending_connections *pending_connections_new(struct event_base *loop, int64_t patience_ns,
                                                    void (*accepted)(int fd, void *context),
                                                    void *context)
{
    struct pending_connections *pending = memory_expect(calloc(1, sizeof *pending));
    *pending = (struct pending_connections){
        .loop = loop,
        .patience = clock_timeval(patience_ns),
        .accepted = accepted,
        .context = context,
    };
    LIST_INIT(&pending->waiting);
    return pending;
}

/* The descriptor remains. */
static void forget(struct pending_connection *connection)
{
    LIST_REMOVE(connection, place);
    event_free(connection->event);
    event_free(connection->patience);
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

enum word { SILENCE, BEGUN, WHOLE, WRONG };

/* Only looks: the bytes are C-core's. */
static enum word look(int fd)
{
    char bytes[PREFACE_BYTES];
    ssize_t came = recv(fd, bytes, sizeof bytes, MSG_PEEK);
    if (came < 0 && (errno == EAGAIN || errno == EINTR))
        return SILENCE;
    if (came <= 0 || !preface_begins(bytes, (size_t)came))
        return WRONG;
    return came == PREFACE_BYTES ? WHOLE : BEGUN;
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    enum word word = look(fd);
    if (word == WHOLE)
        accept_connection(context);
    else if (word == WRONG || (word == BEGUN && what & EV_CLOSED))
        reject(context);
}

static void on_impatient(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    reject(context);
}

void pending_connections_add(struct pending_connections *pending, int fd)
{
    struct pending_connection *connection = memory_expect(calloc(1, sizeof *connection));
    connection->pending = pending;
    connection->fd = fd;
    /* By edge: bytes that were only looked at would wake us for ever. */
    connection->event = memory_expect(event_new(
        pending->loop, fd, EV_READ | EV_CLOSED | EV_ET | EV_PERSIST, on_event, connection));
    LIST_INSERT_HEAD(&pending->waiting, connection, place);
    connection->patience = memory_expect(evtimer_new(pending->loop, on_impatient, connection));
    event_add(connection->event, NULL);
    if (timerisset(&pending->patience))
        event_add(connection->patience, &pending->patience);
}

void pending_connections_accept_ready(struct pending_connections *pending)
{
    for (struct pending_connection *connection = LIST_FIRST(&pending->waiting), *next; connection;
         connection = next) {
        next = LIST_NEXT(connection, place);
        if (look(connection->fd) == WHOLE)
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
