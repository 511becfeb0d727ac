/* SPDX-License-Identifier: MIT */
#include "schema/rules.h"

#include <arpa/inet.h>

#include "base/banned.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_address(int family, struct text text)
{
    char terminated[64];
    unsigned char address[sizeof(struct in6_addr)];
    if (text.bytes >= sizeof terminated || memchr(text.at, '\0', text.bytes))
        return false;
    memcpy(terminated, text.at, text.bytes);
    terminated[text.bytes] = '\0';
    return inet_pton(family, terminated, address) == 1;
}

static bool is_ipv4(struct text text)
{
    return text.bytes > 0 && is_address(AF_INET, text);
}

static bool is_ipv6(struct text text)
{
    return text.bytes > 0 && is_address(AF_INET6, text);
}

static bool is_ip(struct text text)
{
    return is_ipv4(text) || is_ipv6(text);
}

static bool is_trimmed_uuid(struct text text)
{
    for (size_t i = 0; i < text.bytes; i++)
        if (!is_hex(text.at[i]))
            return false;
    return text.bytes == 32;
}

static bool is_uuid(struct text text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.at[i] != '-' : !is_hex(text.at[i]))
            return false;
    }
    return text.bytes == 36;
}

/* RFC 1123 section 2.1: labels of letters, digits and inner dashes; the last one is not a number.
 */
static bool is_label(struct text label)
{
    if (label.bytes == 0 || label.bytes > 63 || label.at[0] == '-' ||
        label.at[label.bytes - 1] == '-')
        return false;
    for (size_t i = 0; i < label.bytes; i++)
        if (!is_letter(label.at[i]) && !is_digit(label.at[i]) && label.at[i] != '-')
            return false;
    return true;
}

static bool is_number(struct text label)
{
    for (size_t i = 0; i < label.bytes; i++)
        if (!is_digit(label.at[i]))
            return false;
    return true;
}

static bool is_hostname(struct text text)
{
    struct text label = {NULL, 0};
    if (text.bytes > 0 && text.at[text.bytes - 1] == '.')
        text.bytes--;
    bool more = text.bytes <= 253;
    while (more) {
        const char *dot = text.bytes ? memchr(text.at, '.', text.bytes) : NULL;
        label = (struct text){text.at, dot ? (size_t)(dot - text.at) : text.bytes};
        if (!is_label(label))
            return false;
        more = dot;
        if (dot)
            text = (struct text){dot + 1, (size_t)(text.at + text.bytes - dot - 1)};
    }
    return label.bytes > 0 && !is_number(label);
}

static const struct string_format formats[] = {
    {13, "string.hostname", "a hostname", is_hostname},
    {14, "string.ip", "an IP address", is_ip},
    {15, "string.ipv4", "an IPv4 address", is_ipv4},
    {16, "string.ipv6", "an IPv6 address", is_ipv6},
    {22, "string.uuid", "a UUID", is_uuid},
    {33, "string.tuuid", "a UUID without dashes", is_trimmed_uuid},
};

const struct string_format *string_format_find(uint32_t number)
{
    for (size_t i = 0; i < array_length(formats); i++)
        if (formats[i].number == number)
            return &formats[i];
    return NULL;
}
