/* SPDX-License-Identifier: MIT */
/* URIs (RFC 3986); names in comments are those of its grammar. */
#include "base/ascii.h"
#include "base/percent.h"
#include "constraint/constraint.h"

#include "base/banned.h"

/* Returns the byte of a pct-encoded at `at`, or -1. */
static int encoded_byte(struct text text, size_t at)
{
    return percent_decode_byte(text_skip(text, at));
}

#define UNRESERVED "-._~"
#define SUB_DELIMS "!$&'()*+,;="

/* True for ASCII alphanumerics and `others`; `encoded` allows pct-encoded as well. */
static bool consists_of(struct text text, const char *others, bool encoded)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (ascii_is_alphanumeric(c) || ascii_is_one_of(c, others))
            continue;
        if (!encoded || encoded_byte(text, i) < 0)
            return false;
        i += 2;
    }
    return true;
}

/* Section 3.2.2: the encoded bytes of a host are UTF-8, and all bytes of such a character are
 * encoded. */
static bool encodes_utf8(struct text text)
{
    for (size_t i = 0; i < text.size;) {
        char character[4];
        size_t bytes = 0;
        while (bytes < sizeof character && encoded_byte(text, i + 3 * bytes) >= 0) {
            character[bytes] = (char)encoded_byte(text, i + 3 * bytes);
            bytes++;
            /* The shortest part that is well-formed is one character. */
            if (text_is_utf8((struct text){character, bytes}))
                break;
        }
        if (bytes > 0 && !text_is_utf8((struct text){character, bytes}))
            return false;
        i += bytes > 0 ? 3 * bytes : 1;
    }
    return true;
}

/* IPvFuture: "v1.fe80::a". */
static bool is_future(struct text text)
{
    struct text version;
    return (text_take(&text, 'v') || text_take(&text, 'V')) &&
           text_take_until(&text, '.', &version) && version.size > 0 &&
           text_consists_of(version, ascii_is_hex) && text.size > 0 &&
           consists_of(text, UNRESERVED SUB_DELIMS ":", false);
}

/* The text between the brackets of an IP-literal; RFC 6874 adds a zone, "fe80::1%25eth0". */
static bool is_ip_literal(struct text text)
{
    struct text zone = text, address;
    if (!text_take_until(&zone, '%', &address))
        return is_ipv6(text) || is_future(text);
    return text_take_prefix(&zone, text_literal("25")) && zone.size > 0 &&
           consists_of(zone, UNRESERVED, true) && encodes_utf8(zone) && is_ipv6(address);
}

/* [ ":" port ] */
static bool is_optional_port(struct text text)
{
    return text.size == 0 || (text_take(&text, ':') && text_consists_of(text, ascii_is_digit));
}

/* host [ ":" port ] */
static bool is_host_with_port(struct text text)
{
    struct text literal, host = text_until(text, ':');
    if (text_take(&text, '['))
        return text_take_until(&text, ']', &literal) && is_ip_literal(literal) &&
               is_optional_port(text);
    return is_optional_port(text_skip(text, host.size)) &&
           consists_of(host, UNRESERVED SUB_DELIMS, true) && encodes_utf8(host);
}

/* [ userinfo "@" ] host [ ":" port ] */
static bool is_authority(struct text text)
{
    struct text userinfo;
    if (text_take_until(&text, '@', &userinfo) &&
        !consists_of(userinfo, UNRESERVED SUB_DELIMS ":", true))
        return false;
    return is_host_with_port(text);
}

#define PCHAR UNRESERVED SUB_DELIMS ":@"

/* hier-part, or relative-part, whose first segment must not look like a scheme. */
static bool is_hierarchical_part(struct text path, bool relative)
{
    struct text authority;
    if (!text_take_prefix(&path, text_literal("//")))
        return consists_of(path, PCHAR "/", true) &&
               !(relative && text_contains(text_until(path, '/'), ':'));
    text_take_part(&path, '/', &authority);
    return is_authority(authority) && consists_of(path, PCHAR "/", true);
}

/* The text behind a scheme, or a relative-ref. */
static bool is_rest(struct text text, bool relative)
{
    struct text part, query, fragment = text;
    text_take_part(&fragment, '#', &query);
    text_take_part(&query, '?', &part);
    return consists_of(query, PCHAR "/?", true) && consists_of(fragment, PCHAR "/?", true) &&
           is_hierarchical_part(part, relative);
}

bool is_uri(struct text text)
{
    struct text scheme;
    return text_take_until(&text, ':', &scheme) && scheme.size > 0 &&
           ascii_is_letter(scheme.data[0]) && consists_of(scheme, "+-.", false) &&
           is_rest(text, false);
}

bool is_uri_ref(struct text text)
{
    return is_uri(text) || is_rest(text, true);
}
