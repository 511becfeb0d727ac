/* SPDX-License-Identifier: MIT */
#include "server/listener.h"

#include <errno.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/socket.h"

#include "base/banned.h"

/* How long a listener rests when descriptors have run out. */
static const struct timeval rest = {.tv_usec = 100000};

/* What is known of an accepted connection, by its descriptor. C-core closes it without telling, so
 * that whether it still is the same one shows in its inode only. */
struct peer {
    ino_t inode; /* 0: none */
    char address[PEER_BYTES];
    char who[PEER_BYTES]; /* the address without its port: what connections are counted by */
};

struct listener {
    struct listeners *owner;
    struct evconnlistener *events;
    struct socket_listener socket;
};

struct listeners {
    const struct config *config;
    struct listener_events events;
    struct event_base *loop;
    struct event *resume;
    int spare_fd; /* given up to accept and close a connection when there is no other descriptor */
    int64_t told_ns;
    pthread_mutex_t lock; /* of peers and peer_room */
    struct peer *peers;
    size_t peer_room;
    size_t noted; /* at least as many as there are connections */
    size_t count;
    struct listener list[CONFIG_LISTENERS];
};

static void refuse(struct listeners *listeners, const char *why)
{
    int64_t now = clock_now_ns();
    if (now - listeners->told_ns < CLOCK_NS_PER_S)
        return;
    listeners->told_ns = now;
    listeners->events.refused(why, listeners->events.context);
}

static ino_t inode_of(int fd)
{
    struct stat file;
    return fstat(fd, &file) == 0 ? file.st_ino : 0;
}

static void describe_unix(struct peer *peer, int fd)
{
    struct ucred credentials;
    socklen_t bytes = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) != 0)
        return;
    snprintf(peer->who, sizeof peer->who, "unix:uid=%u", credentials.uid);
    snprintf(peer->address, sizeof peer->address, "unix:uid=%u,gid=%u,pid=%d", credentials.uid,
             credentials.gid, credentials.pid);
}

/* Forgets connections that have ended and counts the others, all and those of `who`. */
static void count_peers(struct listeners *listeners, const char *who, size_t *all, size_t *same)
{
    *all = *same = 0;
    for (size_t fd = 0; fd < listeners->peer_room; fd++) {
        struct peer *peer = &listeners->peers[fd];
        if (!peer->inode)
            continue;
        if (inode_of((int)fd) != peer->inode) {
            peer->inode = 0;
            continue;
        }
        ++*all;
        *same += strcmp(peer->who, who) == 0;
    }
}

static void make_room(struct listeners *listeners, size_t fd)
{
    if (fd < listeners->peer_room)
        return;
    size_t room = (fd + 64) & ~(size_t)63;
    listeners->peers = memory_expect(realloc(listeners->peers, room * sizeof *listeners->peers));
    memset(listeners->peers + listeners->peer_room, 0,
           (room - listeners->peer_room) * sizeof *listeners->peers);
    listeners->peer_room = room;
}

static const char *limit_met(struct listeners *listeners, const struct peer *peer)
{
    const struct config *config = listeners->config;
    size_t all, same;
    if (listeners->noted < config->max_connections &&
        listeners->noted < config->max_connections_per_peer)
        return NULL;
    count_peers(listeners, peer->who, &all, &same);
    listeners->noted = all;
    if (all >= config->max_connections)
        return "--max-connections is reached";
    return same >= config->max_connections_per_peer ? "--max-connections-per-peer is reached"
                                                    : NULL;
}

/* Notes the connection unless it is one too many; then says which option it met. */
static const char *note_peer(struct listeners *listeners, int fd, struct peer *peer)
{
    peer->inode = inode_of(fd);
    pthread_mutex_lock(&listeners->lock);
    const char *limit = limit_met(listeners, peer);
    if (!limit) {
        make_room(listeners, (size_t)fd);
        listeners->peers[fd] = *peer;
        listeners->noted++;
    }
    pthread_mutex_unlock(&listeners->lock);
    return limit;
}

static void on_accepted(struct evconnlistener *source, evutil_socket_t fd, struct sockaddr *address,
                        int address_bytes, void *context)
{
    (void)source;
    struct listener *listener = context;
    struct peer peer = {.address = "unknown"};
    if (listener->socket.unix_path)
        describe_unix(&peer, fd);
    else
        socket_address_text(address, (socklen_t)address_bytes, peer.address, peer.who,
                            sizeof peer.address);
    const char *limit = note_peer(listener->owner, fd, &peer);
    if (limit) {
        close(fd);
        refuse(listener->owner, limit);
        return;
    }
    if (!listener->socket.unix_path)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    listener->owner->events.accepted(fd, listener->owner->events.context);
}

/* Closes one waiting connection with the spare descriptor, so that its peer hears at once, and
 * rests a moment. */
static void on_error(struct evconnlistener *source, void *context)
{
    struct listener *listener = context;
    struct listeners *listeners = listener->owner;
    int error = errno;
    refuse(listeners, strerror(error));
    if ((error != EMFILE && error != ENFILE) || listeners->spare_fd < 0)
        return;
    close(listeners->spare_fd);
    int shed = accept(evconnlistener_get_fd(source), NULL, NULL);
    if (shed >= 0)
        close(shed);
    listeners->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    evconnlistener_disable(source);
    event_add(listeners->resume, &rest);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct listeners *listeners = context;
    for (size_t i = 0; i < listeners->count; i++)
        evconnlistener_enable(listeners->list[i].events);
}

static bool listener_open(struct listener *listener, const struct config_address *at,
                          struct status *status)
{
    const struct socket_address address = {at->unix_path, at->host, at->port};
    if (!socket_listen(&address, &listener->socket, status))
        return false;
    listener->events = memory_expect(
        evconnlistener_new(listener->owner->loop, on_accepted, listener,
                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listener->socket.fd));
    evconnlistener_set_error_cb(listener->events, on_error);
    return true;
}

bool listeners_open(const struct config *config, struct event_base *loop,
                    const struct listener_events *events, struct listeners **listeners,
                    struct status *status)
{
    struct listeners *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct listeners){.config = config, .events = *events, .loop = loop};
    pthread_mutex_init(&made->lock, NULL);
    made->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    made->resume = memory_expect(event_new(loop, -1, 0, on_resume, made));
    for (size_t i = 0; i < config->listen_count; i++) {
        made->list[i].owner = made;
        if (!listener_open(&made->list[i], &config->listen[i], status)) {
            listeners_free(made);
            return false;
        }
        made->count++;
    }
    *listeners = made;
    return true;
}

static void listener_close(struct listener *listener)
{
    evconnlistener_free(listener->events);
    socket_forget(&listener->socket);
}

void listeners_stop(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        listener_close(&listeners->list[i]);
    listeners->count = 0;
    event_del(listeners->resume);
}

void listeners_free(struct listeners *listeners)
{
    if (!listeners)
        return;
    listeners_stop(listeners);
    event_free(listeners->resume);
    if (listeners->spare_fd >= 0)
        close(listeners->spare_fd);
    pthread_mutex_destroy(&listeners->lock);
    free(listeners->peers);
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

void listener_peer(struct listeners *listeners, int fd, char peer[PEER_BYTES])
{
    pthread_mutex_lock(&listeners->lock);
    bool known = fd >= 0 && (size_t)fd < listeners->peer_room && listeners->peers[fd].inode;
    snprintf(peer, PEER_BYTES, "%s", known ? listeners->peers[fd].address : "unknown");
    pthread_mutex_unlock(&listeners->lock);
}
