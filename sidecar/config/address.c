/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "config/config.h"
#include "config/url.h"

#include "base/banned.h"

/* A path that fits a socket's address; a relative one would depend on the working directory. */
static bool is_socket_path(struct text path)
{
    return path.size > 1 && path.data[0] == '/' &&
           path.size < sizeof((struct sockaddr_un *)0)->sun_path;
}

static bool read_unix(struct text written, struct arena *arena, struct address *address)
{
    if (!text_take_prefix(&written, text_literal("unix:")) || !is_socket_path(written))
        return false;
    const char *copy = arena_copy(arena, written.data, written.size);
    if (copy)
        *address = (struct address){.unix_path = copy};
    return copy;
}

static bool read_tcp(struct text written, struct arena *arena, struct address *address)
{
    struct text host, digits;
    uint64_t port;
    if (!url_split_authority(written, &host, &digits) || !text_to_u64(digits, &port) ||
        port > UINT16_MAX)
        return false;
    const char *copy = arena_copy(arena, host.data, host.size);
    if (copy)
        *address = (struct address){.host = copy, .port = (uint16_t)port};
    return copy;
}

bool config_address_parse(struct text text, struct arena *arena, struct address *address)
{
    return read_unix(text, arena, address) || read_tcp(text, arena, address);
}

void config_address_write(const struct address *address, struct buffer *out)
{
    char text[ADDRESS_BYTES];
    address_write(address, text, sizeof text);
    buffer_add_text(out, text_of(text));
}

bool config_address_is_local(const struct address *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (address->unix_path || strcmp(address->host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, address->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address->host, &v6) == 1 && address_is_loopback6(&v6);
}

bool config_authority_is_local(struct text authority)
{
    struct text host, port;
    char copy[ADDRESS_BYTES];
    if (!url_split_authority(authority, &host, &port) || host.size >= sizeof copy)
        return false;
    memcpy(copy, host.data, host.size);
    copy[host.size] = '\0';
    return config_address_is_local(&(struct address){.host = copy});
}
