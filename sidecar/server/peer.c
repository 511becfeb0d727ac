/* SPDX-License-Identifier: MIT */
#include "server/peer.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/socket.h"

#include "base/banned.h"

/* The table grows by so many. */
#define STEP 64

struct connection {
    ino_t inode; /* 0: none */
    struct peer peer;
};

struct peers {
    size_t most, most_each;
    size_t noted; /* at least as many as there are connections */
    /* The main thread alone writes the table, so that it reads without the lock. */
    pthread_mutex_t lock;
    struct connection *connections; /* by descriptor */
    size_t room;
};

void peer_of_tcp(const struct sockaddr *address, socklen_t bytes, struct peer *peer)
{
    socket_address_text(address, bytes, peer->address, peer->who, PEER_BYTES);
}

void peer_of_unix(int fd, struct peer *peer)
{
    struct ucred credentials;
    socklen_t bytes = sizeof credentials;
    *peer = (struct peer){.address = "unknown", .who = "unknown"};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) != 0)
        return;
    snprintf(peer->who, sizeof peer->who, "unix:uid=%u", credentials.uid);
    snprintf(peer->address, sizeof peer->address, "unix:uid=%u,gid=%u,pid=%d", credentials.uid,
             credentials.gid, credentials.pid);
}

struct peers *peers_new(size_t most, size_t most_each)
{
    struct peers *peers = memory_expect(calloc(1, sizeof *peers));
    peers->most = most;
    peers->most_each = most_each;
    pthread_mutex_init(&peers->lock, NULL);
    return peers;
}

void peers_free(struct peers *peers)
{
    if (!peers)
        return;
    pthread_mutex_destroy(&peers->lock);
    free(peers->connections);
    free(peers);
}

static ino_t inode_of(int fd)
{
    struct stat file;
    return fstat(fd, &file) == 0 ? file.st_ino : 0;
}

static void forget(struct peers *peers, size_t fd)
{
    pthread_mutex_lock(&peers->lock);
    peers->connections[fd].inode = 0;
    pthread_mutex_unlock(&peers->lock);
}

/* Forgets connections that have ended and counts the others, all and those of `who`. */
static void count(struct peers *peers, const char *who, size_t *all, size_t *same)
{
    *all = *same = 0;
    for (size_t fd = 0; fd < peers->room; fd++) {
        const struct connection *connection = &peers->connections[fd];
        if (!connection->inode)
            continue;
        if (inode_of((int)fd) != connection->inode) {
            forget(peers, fd);
            continue;
        }
        ++*all;
        *same += strcmp(connection->peer.who, who) == 0;
    }
}

size_t peers_count(struct peers *peers)
{
    size_t all, same;
    count(peers, "", &all, &same);
    return peers->noted = all;
}

static const char *limit_met(struct peers *peers, const struct peer *peer)
{
    size_t all, same;
    if (peers->noted < peers->most && peers->noted < peers->most_each)
        return NULL;
    count(peers, peer->who, &all, &same);
    peers->noted = all;
    if (all >= peers->most)
        return "--max-connections is reached";
    return same >= peers->most_each ? "--max-connections-per-peer is reached" : NULL;
}

static void make_room(struct peers *peers, size_t fd)
{
    if (fd < peers->room)
        return;
    size_t room = (fd / STEP + 1) * STEP;
    peers->connections =
        memory_expect(realloc(peers->connections, room * sizeof *peers->connections));
    memset(peers->connections + peers->room, 0, (room - peers->room) * sizeof *peers->connections);
    peers->room = room;
}

const char *peers_note(struct peers *peers, int fd, const struct peer *peer)
{
    const char *limit = limit_met(peers, peer);
    if (limit)
        return limit;
    pthread_mutex_lock(&peers->lock);
    make_room(peers, (size_t)fd);
    peers->connections[fd] = (struct connection){inode_of(fd), *peer};
    pthread_mutex_unlock(&peers->lock);
    peers->noted++;
    return NULL;
}

void peers_address(struct peers *peers, int fd, char address[PEER_BYTES])
{
    pthread_mutex_lock(&peers->lock);
    bool known = fd >= 0 && (size_t)fd < peers->room && peers->connections[fd].inode;
    snprintf(address, PEER_BYTES, "%s", known ? peers->connections[fd].peer.address : "unknown");
    pthread_mutex_unlock(&peers->lock);
}

/* Only what is held is certain to remain the connection that it was found to be. */
static int hold(const struct connection *connection, size_t fd)
{
    int held = connection->inode ? fcntl((int)fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (held < 0 || inode_of(held) == connection->inode)
        return held;
    close(held);
    return -1;
}

int *peers_hold(struct peers *peers, size_t *count)
{
    *count = 0;
    pthread_mutex_lock(&peers->lock);
    int *held = memory_expect(calloc(peers->room + 1, sizeof *held));
    for (size_t fd = 0; fd < peers->room; fd++) {
        held[*count] = hold(&peers->connections[fd], fd);
        *count += held[*count] >= 0;
    }
    pthread_mutex_unlock(&peers->lock);
    return held;
}
