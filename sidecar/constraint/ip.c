/* SPDX-License-Identifier: MIT */
/* IP addresses and prefixes, as the formats of protovalidate define them. */
#include <arpa/inet.h>

#include "constraint/constraint.h"

#include "base/banned.h"

static const struct family {
    int number;
    unsigned bits;
} ipv4 = {AF_INET, 32}, ipv6 = {AF_INET6, 128};

static bool read_address(const struct family *family, struct text text,
                         unsigned char address[sizeof(struct in6_addr)])
{
    char terminated[INET6_ADDRSTRLEN];
    if (text.size == 0 || text.size >= sizeof terminated || text_contains(text, '\0'))
        return false;
    memcpy(terminated, text.data, text.size);
    terminated[text.size] = '\0';
    return inet_pton(family->number, terminated, address) == 1;
}

bool is_ipv4(struct text text)
{
    unsigned char address[sizeof(struct in6_addr)];
    return read_address(&ipv4, text, address);
}

/* RFC 4007 section 11: a zone may follow, "fe80::1%eth0". */
bool is_ipv6(struct text text)
{
    unsigned char address[sizeof(struct in6_addr)];
    struct text host;
    if (text_take_part(&text, '%', &host) && (text.size == 0 || text_contains(text, '\0')))
        return false;
    return read_address(&ipv6, host, address);
}

bool is_ip(struct text text)
{
    return is_ipv4(text) || is_ipv6(text);
}

/* True when no bit behind the first `bits` is set. */
static bool ends_in_zeros(const struct family *family, const unsigned char *address, uint64_t bits)
{
    for (unsigned bit = (unsigned)bits; bit < family->bits; bit++)
        if (address[bit / 8] & 0x80 >> bit % 8)
            return false;
    return true;
}

/* True for "10.1.2.0/24". In a `strict` prefix the bits behind the length are zero. */
static bool is_prefix(const struct family *family, bool strict, struct text text)
{
    unsigned char address[sizeof(struct in6_addr)];
    struct text host;
    uint64_t bits;
    if (!text_take_until(&text, '/', &host))
        return false;
    bool plain = text.size == 1 || (text.size > 1 && text.data[0] != '0');
    return plain && text_to_u64(text, &bits) && bits <= family->bits &&
           read_address(family, host, address) && (!strict || ends_in_zeros(family, address, bits));
}

bool is_ipv4_with_prefixlen(struct text text)
{
    return is_prefix(&ipv4, false, text);
}

bool is_ipv6_with_prefixlen(struct text text)
{
    return is_prefix(&ipv6, false, text);
}

bool is_ip_with_prefixlen(struct text text)
{
    return is_ipv4_with_prefixlen(text) || is_ipv6_with_prefixlen(text);
}

bool is_ipv4_prefix(struct text text)
{
    return is_prefix(&ipv4, true, text);
}

bool is_ipv6_prefix(struct text text)
{
    return is_prefix(&ipv6, true, text);
}

bool is_ip_prefix(struct text text)
{
    return is_ipv4_prefix(text) || is_ipv6_prefix(text);
}
