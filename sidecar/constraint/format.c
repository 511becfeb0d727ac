/* SPDX-License-Identifier: MIT */
/* The well-known formats of strings, as protovalidate defines them. */
#include "base/ascii.h"
#include "constraint/constraint.h"

#include "base/banned.h"

static bool is_trimmed_uuid(struct text text)
{
    return text.size == 32 && text_consists_of(text, ascii_is_hex);
}

static bool is_uuid(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.data[i] != '-' : !ascii_is_hex(text.data[i]))
            return false;
    }
    return text.size == 36;
}

static bool is_base32_digit(char c)
{
    return ascii_is_alphanumeric(c) && !ascii_is_one_of(c, "ILOUilou");
}

/* 26 digits of Crockford's base 32, of which the first has three bits. */
static bool is_ulid(struct text text)
{
    return text.size == 26 && text_consists_of(text, is_base32_digit) &&
           ascii_is_one_of(text.data[0], "01234567");
}

static bool is_label_character(char c)
{
    return ascii_is_alphanumeric(c) || c == '-';
}

/* RFC 1123 section 2.1: letters, digits and inner dashes. */
static bool is_label(struct text label)
{
    return label.size > 0 && label.size <= 63 && label.data[0] != '-' &&
           label.data[label.size - 1] != '-' && text_consists_of(label, is_label_character);
}

/* True for labels with dots between them; `last` is the last label. */
static bool are_labels(struct text text, struct text *last)
{
    for (bool more = true; more;) {
        more = text_take_part(&text, '.', last);
        if (!is_label(*last))
            return false;
    }
    return true;
}

/* A dot is allowed at the end. The last label must not be a number, because the text would be an
 * address. */
static bool is_hostname(struct text text)
{
    struct text last;
    if (text.size > 253)
        return false;
    if (text_ends_with(text, text_literal(".")))
        text.size--;
    return are_labels(text, &last) && !text_consists_of(last, ascii_is_digit);
}

static bool is_address(struct text text)
{
    return is_hostname(text) || is_ip(text);
}

static bool is_mailbox_character(char c)
{
    return ascii_is_alphanumeric(c) || ascii_is_one_of(c, ".!#$%&'*+/=?^_`{|}~-");
}

/* The "valid email address" of HTML (html.spec.whatwg.org, section 4.10.5.1.5), which leaves out
 * the parts of RFC 5322 that are not used. */
static bool is_email(struct text text)
{
    struct text mailbox, last;
    return text_take_until(&text, '@', &mailbox) && mailbox.size > 0 &&
           text_consists_of(mailbox, is_mailbox_character) && are_labels(text, &last);
}

static bool is_port(struct text text)
{
    uint64_t port;
    bool plain = text.size == 1 || (text.size > 1 && text.data[0] != '0');
    return plain && text_to_u64(text, &port) && port <= UINT16_MAX;
}

/* "example.com:443", "10.0.0.1:443", "[::1]:443". */
static bool is_host_and_port(struct text text)
{
    const char *colon = text.size ? memrchr(text.data, ':', text.size) : NULL;
    if (!colon)
        return false;
    struct text host = {text.data, (size_t)(colon - text.data)};
    if (!is_port(text_skip(text, host.size + 1)))
        return false;
    if (host.size > 1 && host.data[0] == '[' && host.data[host.size - 1] == ']')
        return is_ipv6((struct text){host.data + 1, host.size - 2});
    return is_hostname(host) || is_ipv4(host);
}

#define FORMAT(number, id, name, fits)                                                             \
    {                                                                                              \
        number, "string." id, "string." id "_empty", name, fits                                    \
    }

static const struct string_format formats[] = {
    FORMAT(12, "email", "an email address", is_email),
    FORMAT(13, "hostname", "a hostname", is_hostname),
    FORMAT(14, "ip", "an IP address", is_ip),
    FORMAT(15, "ipv4", "an IPv4 address", is_ipv4),
    FORMAT(16, "ipv6", "an IPv6 address", is_ipv6),
    FORMAT(17, "uri", "a URI", is_uri),
    FORMAT(18, "uri_ref", "a URI or a relative reference", is_uri_ref),
    FORMAT(21, "address", "a hostname or an IP address", is_address),
    FORMAT(22, "uuid", "a UUID", is_uuid),
    FORMAT(26, "ip_with_prefixlen", "an IP address with a prefix length", is_ip_with_prefixlen),
    FORMAT(27, "ipv4_with_prefixlen", "an IPv4 address with a prefix length",
           is_ipv4_with_prefixlen),
    FORMAT(28, "ipv6_with_prefixlen", "an IPv6 address with a prefix length",
           is_ipv6_with_prefixlen),
    FORMAT(29, "ip_prefix", "an IP prefix", is_ip_prefix),
    FORMAT(30, "ipv4_prefix", "an IPv4 prefix", is_ipv4_prefix),
    FORMAT(31, "ipv6_prefix", "an IPv6 prefix", is_ipv6_prefix),
    FORMAT(32, "host_and_port", "a host and a port", is_host_and_port),
    FORMAT(33, "tuuid", "a UUID without dashes", is_trimmed_uuid),
    FORMAT(35, "ulid", "a ULID", is_ulid),
};

const struct string_format *string_format_find(uint32_t number)
{
    for (size_t i = 0; i < array_length(formats); i++)
        if (formats[i].number == number)
            return &formats[i];
    return NULL;
}
