/* SPDX-License-Identifier: MIT */
#include "config/url.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/ascii.h"

#include "base/banned.h"

/* RFC 1035 section 2.3.4; 255 octets on the wire are 253 characters. */
#define NAME_BYTES 253
#define LABEL_BYTES 63

/* The regions whose endpoints are in another domain (the vendor's Go SDK,
 * services/apig/v2/region/region.go). */
static const struct {
    const char *region, *domain;
} odd_regions[] = {{"eu-west-101", ".myhuaweicloud.eu"}};

static bool is_address(int family, struct text text)
{
    char terminated[INET6_ADDRSTRLEN], address[sizeof(struct in6_addr)];
    if (text.size == 0 || text.size >= sizeof terminated || text_contains(text, '\0'))
        return false;
    memcpy(terminated, text.data, text.size);
    terminated[text.size] = '\0';
    return inet_pton(family, terminated, address) == 1;
}

static bool is_label_character(char c)
{
    return ascii_is_alphanumeric(c) || c == '-' || c == '_';
}

static bool is_label(struct text label)
{
    return label.size > 0 && label.size <= LABEL_BYTES && label.data[0] != '-' &&
           label.data[label.size - 1] != '-' && text_consists_of(label, is_label_character);
}

/* "0x7f000001", which libcurl takes for an address. */
static bool is_hexadecimal(struct text label)
{
    return (text_take_prefix(&label, text_literal("0x")) ||
            text_take_prefix(&label, text_literal("0X"))) &&
           text_consists_of(label, ascii_is_hex);
}

/* A name whose last label is a number has to be an address. */
static bool is_name(struct text name)
{
    struct text label = {0};
    if (name.size == 0 || name.size > NAME_BYTES || name.data[name.size - 1] == '.')
        return false;
    for (struct text rest = name; rest.size > 0;) {
        text_take_part(&rest, '.', &label);
        if (!is_label(label))
            return false;
    }
    return (!text_consists_of(label, ascii_is_digit) && !is_hexadecimal(label)) ||
           is_address(AF_INET, name);
}

bool url_split_authority(struct text authority, struct text *host, struct text *port)
{
    bool bracketed = authority.size > 0 && authority.data[0] == '[';
    struct text name =
        bracketed ? text_until(text_skip(authority, 1), ']') : text_until(authority, ':');
    struct text rest = text_skip(authority, name.size + (bracketed ? 2 : 0));
    struct text digits = text_skip(rest, 1);
    if (rest.size > 0 &&
        (rest.data[0] != ':' || digits.size == 0 || !text_consists_of(digits, ascii_is_digit)))
        return false;
    if (bracketed ? !text_contains(authority, ']') || !is_address(AF_INET6, name) : !is_name(name))
        return false;
    *host = name;
    *port = digits;
    return true;
}

static bool is_port(struct text digits)
{
    uint64_t port;
    return text_to_u64(digits, &port) && port > 0 && port <= UINT16_MAX;
}

/* RFC 3986's pchar. */
static bool is_segment(struct text segment)
{
    if (segment.size == 0 || text_equal(segment, text_literal(".")) ||
        text_equal(segment, text_literal("..")))
        return false;
    for (size_t i = 0; i < segment.size; i++) {
        char c = segment.data[i];
        bool escaped = c == '%' && segment.size - i > 2 && ascii_is_hex(segment.data[i + 1]) &&
                       ascii_is_hex(segment.data[i + 2]);
        if (!escaped && !ascii_is_alphanumeric(c) && !ascii_is_one_of(c, "-._~!$&'()*+,;=:@"))
            return false;
    }
    return true;
}

static bool is_prefix(struct text prefix)
{
    while (prefix.size > 0) {
        struct text segment = text_until(text_skip(prefix, 1), '/');
        if (!is_segment(segment))
            return false;
        prefix = text_skip(prefix, segment.size + 1);
    }
    return true;
}

/* A name may end in a dot, which keeps resolvers from appending search domains to it (RFC 1034
 * section 3.1). */
static bool is_upstream_authority(struct text authority)
{
    struct text host, port, name = text_until(authority, ':');
    if (name.size > 0 && name.data[name.size - 1] == '.') {
        struct text digits = text_skip(authority, name.size + 1);
        bool has_port = authority.size > name.size;
        name.size--;
        return is_name(name) && !is_address(AF_INET, name) && (!has_port || is_port(digits));
    }
    return url_split_authority(authority, &host, &port) && (port.size == 0 || is_port(port));
}

bool url_is_upstream(struct text written, struct text *url)
{
    struct text whole = written;
    while (whole.size > 0 && whole.data[whole.size - 1] == '/')
        whole.size--;
    struct text rest = whole;
    if (!text_take_prefix(&rest, text_literal("https://")))
        return false;
    struct text authority = text_until(rest, '/');
    if (!is_upstream_authority(authority) || !is_prefix(text_skip(rest, authority.size)))
        return false;
    *url = whole;
    return true;
}

bool url_is_proxy(struct text written)
{
    struct text rest = written, host, port;
    return text_take_prefix(&rest, text_literal("http://")) &&
           url_split_authority(rest, &host, &port) && is_port(port);
}

/* RFC 3927 and RFC 4291 section 2.5. */
static bool is_near(struct text host)
{
    char terminated[INET6_ADDRSTRLEN];
    struct in_addr four;
    struct in6_addr six;
    if (host.size >= sizeof terminated)
        return false;
    memcpy(terminated, host.data, host.size);
    terminated[host.size] = '\0';
    if (inet_pton(AF_INET, terminated, &four) == 1) {
        uint32_t address = ntohl(four.s_addr);
        return address >> 24 == 127 || address >> 16 == 0xa9fe;
    }
    return inet_pton(AF_INET6, terminated, &six) == 1 &&
           (IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_LINKLOCAL(&six));
}

bool url_is_node(struct text written, struct text *path)
{
    struct text rest = written, host, port;
    if (!text_take_prefix(&rest, text_literal("http://")))
        return false;
    struct text authority = text_until(rest, '/');
    if (!url_split_authority(authority, &host, &port) || !is_near(host) ||
        (port.size > 0 && !is_port(port)))
        return false;
    *path = text_skip(rest, authority.size);
    return true;
}

static bool is_region_character(char c)
{
    return ascii_is_lower(c) || ascii_is_digit(c) || c == '-';
}

bool url_is_region(struct text written)
{
    return text_consists_of(written, is_region_character) && is_label(written);
}

static struct text domain_of(const char *region)
{
    for (size_t i = 0; i < array_length(odd_regions); i++)
        if (strcmp(region, odd_regions[i].region) == 0)
            return text_of(odd_regions[i].domain);
    return text_literal(".myhuaweicloud.com");
}

const char *url_of_service(const char *service, const char *region, struct arena *arena)
{
    struct buffer url;
    buffer_init(&url, arena, 128);
    buffer_add_literal(&url, "https://");
    buffer_add_text(&url, text_of(service));
    buffer_add_char(&url, '.');
    buffer_add_text(&url, text_of(region));
    buffer_add_text(&url, domain_of(region));
    buffer_add_char(&url, '\0');
    return url.full ? NULL : url.at;
}
