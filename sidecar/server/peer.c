/* SPDX-License-Identifier: MIT */
#include "server/peer.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "server/caller_hash.h"
#include "system/address.h"

#include "base/banned.h"

static void set_caller(struct peer *peer, struct text caller)
{
    peer->caller_hash = caller_hash(caller.size > 0 ? caller : text_of(peer->who));
    if (caller.size == 0)
        caller = text_literal(CALLER_ANONYMOUS);
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
    if (address_family(address) == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    return address_family(address) == AF_INET6 && address_is_loopback6(&v6->sin6_addr);
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
    char uid[DECIMAL_BYTES], gid[DECIMAL_BYTES], caller[64];
    *peer = (struct peer){.address = "unknown", .who = "unknown"};
    peer_identify(peer, config, NULL, 0);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &process, &bytes) != 0)
        return;
    snprintf(peer->who, sizeof peer->who, "unix:uid=%u", process.uid);
    /* A process of another PID namespace, such as another container, has the number 0 here. */
    snprintf(peer->address, sizeof peer->address,
             process.pid ? "unix:uid=%u,gid=%u,pid=%d" : "unix:uid=%u,gid=%u", process.uid,
             process.gid, process.pid);
    snprintf(caller, sizeof caller, "uid:%u,gid:%u", process.uid, process.gid);
    set_caller(peer, text_of(caller));
    const struct identity names[] = {{CALLER_UID, write_id(uid, process.uid)},
                                     {CALLER_GID, write_id(gid, process.gid)}};
    peer->authorized = access_allows(config->allow_callers, names, array_length(names));
}
