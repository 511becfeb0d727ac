/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/config.h"

#include "base/banned.h"

#define UNIX_PREFIX "unix:"

static char *copy_of(struct text text)
{
    return memory_expect(strndup(text.at, text.bytes));
}

static bool bad_address(struct text text, struct status *status)
{
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "\"%.*s\": allowed is host:port, [IPv6]:port or unix:/path",
                       (int)text_cut(text, 200), text.at);
}

/* Without its brackets; a host that has colons needs them. */
static bool read_host(struct text written, struct text *host)
{
    if (written.bytes > 2 && written.at[0] == '[' && written.at[written.bytes - 1] == ']')
        *host = (struct text){written.at + 1, written.bytes - 2};
    else if (written.bytes > 0 && !memchr(written.at, ':', written.bytes))
        *host = written;
    else
        return false;
    return true;
}

bool config_address_parse(struct text text, struct config_address *address, struct status *status)
{
    static const struct text prefix = {UNIX_PREFIX, sizeof UNIX_PREFIX - 1};
    if (text.bytes > prefix.bytes && memcmp(text.at, prefix.at, prefix.bytes) == 0) {
        struct text path = {text.at + prefix.bytes, text.bytes - prefix.bytes};
        *address = (struct config_address){.unix_path = copy_of(path)};
        return true;
    }
    struct text host;
    uint64_t port;
    const char *colon = text.bytes ? memrchr(text.at, ':', text.bytes) : NULL;
    if (!colon || !read_host((struct text){text.at, (size_t)(colon - text.at)}, &host) ||
        !text_to_u64((struct text){colon + 1, (size_t)(text.at + text.bytes - colon - 1)}, &port) ||
        port > UINT16_MAX)
        return bad_address(text, status);
    *address = (struct config_address){.host = copy_of(host), .port = (uint16_t)port};
    return true;
}

void config_address_clear(struct config_address *address)
{
    free((char *)(uintptr_t)address->unix_path);
    free((char *)(uintptr_t)address->host);
    *address = (struct config_address){0};
}

bool config_address_is_local(const struct config_address *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (address->unix_path || strcmp(address->host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, address->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address->host, &v6) == 1 &&
           memcmp(&v6, &in6addr_loopback, sizeof v6) == 0;
}
