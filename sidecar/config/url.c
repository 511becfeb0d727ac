/* SPDX-License-Identifier: MIT */
#include "config/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "base/banned.h"

/* RFC 1035 section 2.3.4; 255 octets on the wire are 253 characters. */
#define NAME_BYTES 253
#define LABEL_BYTES 63

/* The endpoints that do not follow the pattern of the others (the vendor's Go SDK,
 * services/apig/v2/region/region.go). */
static const struct {
    const char *region, *url;
} odd_regions[] = {{"eu-west-101", "https://apig.eu-west-101.myhuaweicloud.eu"}};

static bool is_address(int family, struct text text)
{
    char terminated[INET6_ADDRSTRLEN], address[sizeof(struct in6_addr)];
    if (text.size >= sizeof terminated)
        return false;
    memcpy(terminated, text.data, text.size);
    terminated[text.size] = '\0';
    return inet_pton(family, terminated, address) == 1;
}

/* The part in front of the first `separator`; all of it when there is none. */
static struct text before(struct text text, char separator)
{
    const char *end = memchr(text.data, separator, text.size);
    return (struct text){text.data, end ? (size_t)(end - text.data) : text.size};
}

static struct text without_first(struct text text, size_t bytes)
{
    size_t left_out = bytes < text.size ? bytes : text.size;
    return (struct text){text.data + left_out, text.size - left_out};
}

static bool is_label(struct text label)
{
    if (label.size == 0 || label.size > LABEL_BYTES || label.data[0] == '-' ||
        label.data[label.size - 1] == '-')
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!isalnum((unsigned char)label.data[i]) && label.data[i] != '-' && label.data[i] != '_')
            return false;
    return true;
}

static bool is_number(struct text label)
{
    for (size_t i = 0; i < label.size; i++)
        if (!isdigit((unsigned char)label.data[i]))
            return false;
    return true;
}

/* A name whose last label is a number has to be an address. */
static bool is_name(struct text name)
{
    struct text label = {0};
    if (name.size == 0 || name.size > NAME_BYTES || name.data[name.size - 1] == '.')
        return false;
    for (struct text rest = name; rest.size > 0; rest = without_first(rest, label.size + 1)) {
        label = before(rest, '.');
        if (!is_label(label))
            return false;
    }
    return !is_number(label) || is_address(AF_INET, name);
}

bool url_split_authority(struct text authority, struct text *host, struct text *port)
{
    bool bracketed = authority.size > 0 && authority.data[0] == '[';
    struct text name =
        bracketed ? before(without_first(authority, 1), ']') : before(authority, ':');
    struct text rest = without_first(authority, name.size + (bracketed ? 2 : 0));
    struct text digits = without_first(rest, 1);
    if (rest.size > 0 && (rest.data[0] != ':' || digits.size == 0 || !is_number(digits)))
        return false;
    if (bracketed ? !memchr(authority.data, ']', authority.size) || !is_address(AF_INET6, name)
                  : !is_name(name))
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
    static const char also[] = "-._~!$&'()*+,;=:@";
    if (segment.size == 0 || text_equal(segment, text_literal(".")) ||
        text_equal(segment, text_literal("..")))
        return false;
    for (size_t i = 0; i < segment.size; i++) {
        unsigned char c = (unsigned char)segment.data[i];
        bool escaped = c == '%' && segment.size - i > 2 &&
                       isxdigit((unsigned char)segment.data[i + 1]) &&
                       isxdigit((unsigned char)segment.data[i + 2]);
        if (!escaped && !isalnum(c) && (c == '\0' || !strchr(also, c)))
            return false;
    }
    return true;
}

static bool is_prefix(struct text prefix)
{
    while (prefix.size > 0) {
        struct text segment = before(without_first(prefix, 1), '/');
        if (!is_segment(segment))
            return false;
        prefix = without_first(prefix, segment.size + 1);
    }
    return true;
}

static bool take_scheme(struct text scheme, struct text *url)
{
    if (url->size < scheme.size || memcmp(url->data, scheme.data, scheme.size) != 0)
        return false;
    *url = without_first(*url, scheme.size);
    return true;
}

bool url_is_upstream(struct text written, struct text *url)
{
    struct text whole = written, host, port;
    while (whole.size > 0 && whole.data[whole.size - 1] == '/')
        whole.size--;
    struct text rest = whole;
    if (!take_scheme(text_literal("https://"), &rest))
        return false;
    struct text authority = before(rest, '/');
    if (!url_split_authority(authority, &host, &port) || (port.size > 0 && !is_port(port)) ||
        !is_prefix(without_first(rest, authority.size)))
        return false;
    *url = whole;
    return true;
}

bool url_is_proxy(struct text written)
{
    struct text rest = written, host, port;
    return take_scheme(text_literal("http://"), &rest) && url_split_authority(rest, &host, &port) &&
           is_port(port);
}

bool url_is_region(struct text written)
{
    for (size_t i = 0; i < written.size; i++)
        if (!islower((unsigned char)written.data[i]) && !isdigit((unsigned char)written.data[i]) &&
            written.data[i] != '-')
            return false;
    return is_label(written);
}

const char *url_of_region(const char *region, struct arena *arena)
{
    struct buffer url;
    for (size_t i = 0; i < array_length(odd_regions); i++)
        if (strcmp(region, odd_regions[i].region) == 0)
            return odd_regions[i].url;
    buffer_init(&url, arena, 128);
    buffer_add_literal(&url, "https://apig.");
    buffer_add_text(&url, text_of(region));
    buffer_add_literal(&url, ".myhuaweicloud.com");
    buffer_add_char(&url, '\0');
    return url.full ? NULL : url.at;
}
