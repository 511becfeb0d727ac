/* SPDX-License-Identifier: MIT */
#include "server/peer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/rate_limit.h"
#include "system/address.h"

#include "base/banned.h"

/* The table grows by this number of rows. */
#define GROWTH 64

struct peer_entry {
    ino_t inode; /* 0: none */
    struct peer peer;
    struct rate_limit cancelled; /* calls */
    bool excessive;              /* it cancelled more of them than it may */
};

struct peers {
    size_t most, most_each, most_cancelled;
    size_t noted; /* at least as many as there are connections */
    /* Only the main thread adds and removes rows, so that it reads them without the lock. Other
     * threads read the rows' peers, and TLS's thread writes their identities. */
    pthread_mutex_t lock;
    struct peer unknown_peer;
    struct peer_entry *entries; /* by descriptor */
    size_t room;
};

static void set_caller(struct peer *peer, struct text caller)
{
    if (caller.size == 0)
        caller = text_literal("anonymous");
    size_t bytes = caller.size < CALLER_BYTES ? caller.size : CALLER_BYTES - 1;
    memcpy(peer->caller, caller.data, bytes);
    peer->caller[bytes] = '\0';
}

void peer_identify(struct peer *peer, const struct config *config, const struct identity *names,
                   size_t count)
{
    peer->authorized = access_allows(config->allow_callers, names, count);
    set_caller(peer, access_shown(names, count));
}

static bool is_loopback(const struct sockaddr *address)
{
    const struct sockaddr_in *v4 = (const void *)address;
    const struct sockaddr_in6 *v6 = (const void *)address;
    if (address->sa_family == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_INET6 && address_is_loopback6(&v6->sin6_addr);
}

void peer_of_tcp(const struct sockaddr *address, socklen_t bytes, const struct config *config,
                 struct peer *peer)
{
    *peer = (struct peer){.is_trusted_proxy = config->trust_xfcc && is_loopback(address)};
    address_write_socket(address, bytes, peer->address, peer->who, PEER_BYTES);
    peer_identify(peer, config, NULL, 0);
}

static struct text write_id(char *at, uint32_t id)
{
    return (struct text){at, text_from_u64(at, id)};
}

void peer_of_unix(int fd, const struct config *config, struct peer *peer)
{
    struct ucred process;
    socklen_t bytes = sizeof process;
    char uid[DECIMAL_BYTES], gid[DECIMAL_BYTES];
    *peer = (struct peer){.address = "unknown", .who = "unknown"};
    peer_identify(peer, config, NULL, 0);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &process, &bytes) != 0)
        return;
    snprintf(peer->who, sizeof peer->who, "unix:uid=%u", process.uid);
    snprintf(peer->address, sizeof peer->address, "unix:uid=%u,gid=%u,pid=%d", process.uid,
             process.gid, process.pid);
    snprintf(peer->caller, sizeof peer->caller, "uid:%u,gid:%u", process.uid, process.gid);
    const struct identity names[] = {{CALLER_UID, write_id(uid, process.uid)},
                                     {CALLER_GID, write_id(gid, process.gid)}};
    peer->authorized = access_allows(config->allow_callers, names, array_length(names));
}

struct peers *peers_new(const struct config *config)
{
    struct peers *peers = memory_expect(calloc(1, sizeof *peers));
    *peers = (struct peers){
        .most = config->max_connections,
        .most_each = config->max_connections_per_peer,
        .most_cancelled = config->max_streams,
        .unknown_peer = {.address = "unknown", .who = "unknown"},
    };
    peer_identify(&peers->unknown_peer, config, NULL, 0);
    pthread_mutex_init(&peers->lock, NULL);
    return peers;
}

void peers_free(struct peers *peers)
{
    if (!peers)
        return;
    pthread_mutex_destroy(&peers->lock);
    free(peers->entries);
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
    peers->entries[fd].inode = 0;
    pthread_mutex_unlock(&peers->lock);
}

/* Removes the connections that have ended, and counts the others: all of them and those of `who`.
 */
static void count(struct peers *peers, const char *who, size_t *all, size_t *same)
{
    *all = *same = 0;
    for (size_t fd = 0; fd < peers->room; fd++) {
        const struct peer_entry *entry = &peers->entries[fd];
        if (!entry->inode)
            continue;
        if (inode_of((int)fd) != entry->inode) {
            forget(peers, fd);
            continue;
        }
        ++*all;
        *same += strcmp(entry->peer.who, who) == 0;
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
    size_t room = (fd / GROWTH + 1) * GROWTH;
    peers->entries = memory_expect(realloc(peers->entries, room * sizeof *peers->entries));
    memset(peers->entries + peers->room, 0, (room - peers->room) * sizeof *peers->entries);
    peers->room = room;
}

const char *peers_note(struct peers *peers, int fd, const struct peer *peer)
{
    const char *limit = limit_met(peers, peer);
    if (limit)
        return limit;
    pthread_mutex_lock(&peers->lock);
    make_room(peers, (size_t)fd);
    peers->entries[fd] = (struct peer_entry){.inode = inode_of(fd), .peer = *peer};
    pthread_mutex_unlock(&peers->lock);
    peers->noted++;
    return NULL;
}

static bool is_known(const struct peers *peers, int fd)
{
    return fd >= 0 && (size_t)fd < peers->room && peers->entries[fd].inode;
}

bool peers_count_cancel(struct peers *peers, int fd)
{
    bool exceeds = false;
    int64_t most = (int64_t)peers->most_cancelled;
    pthread_mutex_lock(&peers->lock);
    struct peer_entry *entry = is_known(peers, fd) ? &peers->entries[fd] : NULL;
    if (entry && !entry->excessive)
        exceeds = entry->excessive =
            !rate_limit_take(&entry->cancelled, clock_now_ns(), CLOCK_NS_PER_S / most, most);
    pthread_mutex_unlock(&peers->lock);
    return exceeds;
}

void peers_opened(struct peers *peers, int fd)
{
    pthread_mutex_lock(&peers->lock);
    if (is_known(peers, fd))
        peers->entries[fd].peer.opened_ns = clock_now_ns();
    pthread_mutex_unlock(&peers->lock);
}

void peers_identify(struct peers *peers, int fd, const struct config *config,
                    const struct identity *names, size_t count)
{
    pthread_mutex_lock(&peers->lock);
    if (is_known(peers, fd))
        peer_identify(&peers->entries[fd].peer, config, names, count);
    pthread_mutex_unlock(&peers->lock);
}

void peers_find(struct peers *peers, int fd, struct peer *peer)
{
    pthread_mutex_lock(&peers->lock);
    if (is_known(peers, fd))
        *peer = peers->entries[fd].peer;
    else
        *peer = peers->unknown_peer;
    pthread_mutex_unlock(&peers->lock);
}

/* The inode is compared after duplicating, because until then the descriptor may become another
 * connection. */
static int hold(const struct peer_entry *entry, size_t fd)
{
    int held = entry->inode ? fcntl((int)fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (held < 0 || inode_of(held) == entry->inode)
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
        held[*count] = hold(&peers->entries[fd], fd);
        *count += held[*count] >= 0;
    }
    pthread_mutex_unlock(&peers->lock);
    return held;
}
