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
    if (text.bytes - at < 3 || text.at[at] != '%')
        return -1;
    int high = hex_value(text.at[at + 1]), low = hex_value(text.at[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

#define UNRESERVED "-._~"
#define SUB_DELIMS "!$&'()*+,;="

/* Letters, digits and `others`; `encoded` allows pct-encoded as well. */
static bool consists_of(struct text text, const char *others, bool encoded)
{
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.at[i];
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
    for (size_t i = 0; i < text.bytes;) {
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
    const char *at = text->bytes ? memchr(text->at, c, text->bytes) : NULL;
    if (!at)
        return false;
    *behind = (struct text){at + 1, (size_t)(text->at + text->bytes - at - 1)};
    text->bytes = (size_t)(at - text->at);
    return true;
}

static struct text skip(struct text text, size_t bytes)
{
    return (struct text){text.at + bytes, text.bytes - bytes};
}

/* IPvFuture: "v1.fe80::a". */
static bool is_future(struct text text)
{
    struct text behind;
    if (text.bytes == 0 || (text.at[0] != 'v' && text.at[0] != 'V'))
        return false;
    struct text version = skip(text, 1);
    if (!split(&version, '.', &behind) || version.bytes == 0 || behind.bytes == 0)
        return false;
    for (size_t i = 0; i < version.bytes; i++)
        if (hex_value(version.at[i]) < 0)
            return false;
    return consists_of(behind, UNRESERVED SUB_DELIMS ":", false);
}

/* Between the brackets of an IP-literal; RFC 6874 adds a zone, "fe80::1%25eth0". */
static bool is_ip_literal(struct text text)
{
    struct text zone;
    if (!split(&text, '%', &zone))
        return is_ipv6(text) || is_future(text);
    bool begins = zone.bytes > 2 && zone.at[0] == '2' && zone.at[1] == '5';
    return begins && consists_of(skip(zone, 2), UNRESERVED, true) && encodes_utf8(skip(zone, 2)) &&
           is_ipv6(text);
}

static bool is_port(struct text text)
{
    for (size_t i = 0; i < text.bytes; i++)
        if (!is_digit(text.at[i]))
            return false;
    return true;
}

/* host [ ":" port ] */
static bool is_host_with_port(struct text text)
{
    struct text behind, port;
    if (text.bytes > 0 && text.at[0] == '[') {
        struct text literal = skip(text, 1);
        if (!split(&literal, ']', &behind) || !is_ip_literal(literal))
            return false;
        return behind.bytes == 0 || (behind.at[0] == ':' && is_port(skip(behind, 1)));
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
    if (text.bytes < 2 || memcmp(text.at, "//", 2) != 0) {
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
    return split(&scheme, ':', &rest) && scheme.bytes > 0 && is_letter(scheme.at[0]) &&
           consists_of(scheme, "+-.", false) && is_rest(rest, false);
}

bool is_uri_ref(struct text text)
{
    return is_uri(text) || is_rest(text, true);
}
