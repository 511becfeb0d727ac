/* SPDX-License-Identifier: MIT */
#include "server/listener.h"

#include <errno.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "system/address.h"

#include "base/banned.h"

/* Pause of all listeners after the kernel has refused to accept. */
static const struct timeval accept_pause = {.tv_usec = 100000};

struct listener {
    struct listeners *owner;
    struct evconnlistener *events;
    struct address_listener socket;
};

struct listeners {
    const struct config *config;
    struct front *front;
    struct listener_events events;
    struct event_base *loop;
    struct event *resume;
    int spare_fd; /* closed to make room for accepting a connection when descriptors run out */
    size_t count;
    struct listener list[CONFIG_LISTENERS];
};

static void refuse(struct listeners *listeners, const char *why)
{
    metric_count_seen(listeners->events.metrics, METRIC_CONNECTIONS_REFUSED, text_of(why),
                      text_literal(""));
    listeners->events.refused(why, listeners->events.context);
}

/*
 * The kernel detects a dead peer: it probes after a minute of silence, and ends a connection whose
 * data is not acknowledged within a minute. C-core's own pings cannot distinguish a dead peer from
 * a slow one. A caller that does not read may keep its window shut for the same time.
 */
static void set_up_tcp(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 60}, {IPPROTO_TCP, TCP_KEEPINTVL, 20},
        {IPPROTO_TCP, TCP_KEEPCNT, 3},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 60000},
    };
    for (size_t i = 0; i < array_length(options); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

static void on_accepted(struct evconnlistener *source, evutil_socket_t fd, struct sockaddr *address,
                        int address_bytes, void *context)
{
    (void)source;
    struct listener *listener = context;
    struct listeners *listeners = listener->owner;
    bool is_tcp = !listener->socket.unix_path;
    struct peer peer;
    if (is_tcp)
        peer_of_tcp(address, (socklen_t)address_bytes, listeners->config, &peer);
    else
        peer_of_unix(fd, listeners->config, &peer);
    if (is_tcp)
        set_up_tcp(fd);
    const char *limit = front_add(listeners->front, fd, is_tcp, &peer);
    if (limit) {
        close(fd);
        refuse(listeners, limit);
        return;
    }
    metric_count(listeners->events.metrics, METRIC_CONNECTIONS_ACCEPTED, 0, 0);
}

static int open_spare(void)
{
    return eventfd(0, EFD_CLOEXEC);
}

/* Accepts and closes one waiting connection, so that its peer learns of it at once. */
static void shed_one(struct listeners *listeners, int listening_fd)
{
    if (listeners->spare_fd >= 0)
        close(listeners->spare_fd);
    int shed = accept(listening_fd, NULL, NULL);
    if (shed >= 0)
        close(shed);
    /* Fails when another thread has taken the descriptor that became free. */
    listeners->spare_fd = open_spare();
}

static void on_error(struct evconnlistener *source, void *context)
{
    struct listener *listener = context;
    struct listeners *listeners = listener->owner;
    int error = errno;
    refuse(listeners, strerror(error));
    if (error == EMFILE || error == ENFILE)
        shed_one(listeners, listener->socket.fd);
    evconnlistener_disable(source);
    event_add(listeners->resume, &accept_pause);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct listeners *listeners = context;
    if (listeners->spare_fd < 0)
        listeners->spare_fd = open_spare();
    if (listeners->spare_fd < 0) {
        event_add(listeners->resume, &accept_pause);
        return;
    }
    for (size_t i = 0; i < listeners->count; i++)
        evconnlistener_enable(listeners->list[i].events);
}

static bool listener_open(struct listener *listener, const struct address *at,
                          struct status *status)
{
    /* The service beside the sidecar often runs as another user. */
    if (!address_listen(at, 0666, &listener->socket, status))
        return false;
    listener->events = memory_expect(
        evconnlistener_new(listener->owner->loop, on_accepted, listener,
                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listener->socket.fd));
    evconnlistener_set_error_cb(listener->events, on_error);
    return true;
}

static bool listen_at(struct listeners *listeners, struct status *status)
{
    const struct config *config = listeners->config;
    for (size_t i = 0; i < config->listen_count; i++) {
        listeners->list[i].owner = listeners;
        if (!listener_open(&listeners->list[i], &config->listen[i], status))
            return false;
        listeners->count++;
    }
    return true;
}

bool listeners_open(const struct config *config, struct front *front, struct event_base *loop,
                    const struct listener_events *events, struct listeners **listeners,
                    struct status *status)
{
    struct listeners *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct listeners){.config = config,
                               .front = front,
                               .events = *events,
                               .loop = loop,
                               .spare_fd = open_spare()};
    made->resume = memory_expect(event_new(loop, -1, 0, on_resume, made));
    if (!listen_at(made, status)) {
        listeners_free(made);
        return false;
    }
    *listeners = made;
    return true;
}

/* Accepts the connections that the kernel has established: their callers may have sent calls, and a
 * reset would leave it open whether these were processed. */
static void accept_waiting(struct listener *listener)
{
    for (int i = 0; i < SOCKET_BACKLOG; i++) {
        struct sockaddr_storage address;
        socklen_t bytes = sizeof address;
        int fd = accept4(listener->socket.fd, (struct sockaddr *)&address, &bytes,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        on_accepted(listener->events, fd, (struct sockaddr *)&address, (int)bytes, listener);
    }
}

static void listener_close(struct listener *listener)
{
    evconnlistener_free(listener->events);
    address_forget(&listener->socket);
}

static void close_listeners(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        listener_close(&listeners->list[i]);
    listeners->count = 0;
    event_del(listeners->resume);
}

void listeners_stop(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        accept_waiting(&listeners->list[i]);
    close_listeners(listeners);
}

void listeners_free(struct listeners *listeners)
{
    if (!listeners)
        return;
    close_listeners(listeners);
    event_free(listeners->resume);
    if (listeners->spare_fd >= 0)
        close(listeners->spare_fd);
    free(listeners);
}

size_t listeners_count(const struct listeners *listeners)
{
    return listeners->count;
}

const char *listeners_address(const struct listeners *listeners, size_t index)
{
    return listeners->list[index].socket.address;
}
