/* SPDX-License-Identifier: MIT */
/* URIs as RFC 3986 has them; names in comments are those of its grammar. */
#include <string.h>

#include "constraint/constraint.h"

#include "base/banned.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* 0 to 15, or -1. */
static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* pct-encoded at `at`: its byte, or -1. */
static int encoded_byte(struct text text, size_t at)
{
    if (text.size - at < 3 || text.data[at] != '%')
        return -1;
    int high = hex_value(text.data[at + 1]), low = hex_value(text.data[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

#define UNRESERVED "-._~"
#define SUB_DELIMS "!$&'()*+,;="

/* Letters, digits and `others`; `encoded` allows pct-encoded as well. */
static bool consists_of(struct text text, const char *others, bool encoded)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (is_letter(c) || is_digit(c) || (c && strchr(others, c)))
            continue;
        if (!encoded || encoded_byte(text, i) < 0)
            return false;
        i += 2;
    }
    return true;
}

/* Section 3.2.2: what a host encodes is UTF-8, and all bytes of such a character are encoded. */
static bool encodes_utf8(struct text text)
{
    for (size_t i = 0; i < text.size;) {
        char character[4];
        size_t bytes = 0;
        while (bytes < sizeof character && encoded_byte(text, i + 3 * bytes) >= 0) {
            character[bytes] = (char)encoded_byte(text, i + 3 * bytes);
            bytes++;
            /* The shortest beginning that is whole is one character. */
            if (text_is_utf8((struct text){character, bytes}))
                break;
        }
        if (bytes > 0 && !text_is_utf8((struct text){character, bytes}))
            return false;
        i += bytes > 0 ? 3 * bytes : 1;
    }
    return true;
}

/* Splits at the first `c`: true when there is one, `behind` is what follows it. */
static bool split(struct text *text, char c, struct text *behind)
{
    const char *at = text->size ? memchr(text->data, c, text->size) : NULL;
    if (!at)
        return false;
    *behind = (struct text){at + 1, (size_t)(text->data + text->size - at - 1)};
    text->size = (size_t)(at - text->data);
    return true;
}

static struct text skip(struct text text, size_t bytes)
{
    return (struct text){text.data + bytes, text.size - bytes};
}

/* IPvFuture: "v1.fe80::a". */
static bool is_future(struct text text)
{
    struct text behind;
    if (text.size == 0 || (text.data[0] != 'v' && text.data[0] != 'V'))
        return false;
    struct text version = skip(text, 1);
    if (!split(&version, '.', &behind) || version.size == 0 || behind.size == 0)
        return false;
    for (size_t i = 0; i < version.size; i++)
        if (hex_value(version.data[i]) < 0)
            return false;
    return consists_of(behind, UNRESERVED SUB_DELIMS ":", false);
}

/* Between the brackets of an IP-literal; RFC 6874 adds a zone, "fe80::1%25eth0". */
static bool is_ip_literal(struct text text)
{
    struct text zone;
    if (!split(&text, '%', &zone))
        return is_ipv6(text) || is_future(text);
    bool begins = zone.size > 2 && zone.data[0] == '2' && zone.data[1] == '5';
    return begins && consists_of(skip(zone, 2), UNRESERVED, true) && encodes_utf8(skip(zone, 2)) &&
           is_ipv6(text);
}

static bool is_port(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_digit(text.data[i]))
            return false;
    return true;
}

/* host [ ":" port ] */
static bool is_host_with_port(struct text text)
{
    struct text behind, port;
    if (text.size > 0 && text.data[0] == '[') {
        struct text literal = skip(text, 1);
        if (!split(&literal, ']', &behind) || !is_ip_literal(literal))
            return false;
        return behind.size == 0 || (behind.data[0] == ':' && is_port(skip(behind, 1)));
    }
    if (split(&text, ':', &port) && !is_port(port))
        return false;
    return consists_of(text, UNRESERVED SUB_DELIMS, true) && encodes_utf8(text);
}

/* [ userinfo "@" ] host [ ":" port ] */
static bool is_authority(struct text text)
{
    struct text host, userinfo = text;
    if (!split(&userinfo, '@', &host))
        return is_host_with_port(text);
    return consists_of(userinfo, UNRESERVED SUB_DELIMS ":", true) && is_host_with_port(host);
}

#define PCHAR UNRESERVED SUB_DELIMS ":@"

/* All behind a scheme, or a relative-ref, whose first segment must not look like one. */
static bool is_rest(struct text text, bool relative)
{
    struct text query = {"", 0}, fragment = {"", 0};
    (void)split(&text, '#', &fragment);
    (void)split(&text, '?', &query);
    if (!consists_of(query, PCHAR "/?", true) || !consists_of(fragment, PCHAR "/?", true))
        return false;
    if (text.size < 2 || memcmp(text.data, "//", 2) != 0) {
        struct text first = text, behind;
        (void)split(&first, '/', &behind);
        return consists_of(text, PCHAR "/", true) && !(relative && split(&first, ':', &behind));
    }
    struct text authority = skip(text, 2), path = {"", 0};
    (void)split(&authority, '/', &path);
    return is_authority(authority) && consists_of(path, PCHAR "/", true);
}

bool is_uri(struct text text)
{
    struct text rest, scheme = text;
    return split(&scheme, ':', &rest) && scheme.size > 0 && is_letter(scheme.data[0]) &&
           consists_of(scheme, "+-.", false) && is_rest(rest, false);
}

bool is_uri_ref(struct text text)
{
    return is_uri(text) || is_rest(text, true);
}
