/* SPDX-License-Identifier: MIT */
/* The well-known formats of strings and bytes, as protovalidate defines them. */
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

/* A dot is allowed at the end, and not counted. The last label must not be a number, because the
 * text would be an address. */
static bool is_hostname(struct text text)
{
    struct text last;
    if (text_ends_with(text, text_literal(".")))
        text.size--;
    return text.size <= 253 && are_labels(text, &last) && !text_consists_of(last, ascii_is_digit);
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

static bool is_identifier_character(char c)
{
    return ascii_is_alphanumeric(c) || c == '_';
}

/* Identifiers of Protobuf with dots between them. */
static bool is_protobuf_name(struct text text)
{
    struct text part;
    for (bool more = true; more;) {
        more = text_take_part(&text, '.', &part);
        if (part.size == 0 || ascii_is_digit(part.data[0]) ||
            !text_consists_of(part, is_identifier_character))
            return false;
    }
    return true;
}

static bool is_protobuf_dot_name(struct text text)
{
    return text_take_prefix(&text, text_literal(".")) && is_protobuf_name(text);
}

/* RFC 9110's characters of a token, and "," and ".", which the published rule has too. */
static bool is_header_name_character(char c)
{
    return ascii_is_alphanumeric(c) || ascii_is_one_of(c, "!#$%&'*+,-.^_|~`");
}

/* The colon is that of HTTP/2's pseudo-header fields. */
static bool is_header_name(struct text text)
{
    (void)text_take_prefix(&text, text_literal(":"));
    return text.size > 0 && text_consists_of(text, is_header_name_character);
}

static bool is_header_value(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (ascii_is_control(text.data[i]) && text.data[i] != '\t')
            return false;
    return true;
}

static bool has_no_line_break(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\0' || text.data[i] == '\n' || text.data[i] == '\r')
            return false;
    return true;
}

static bool is_loose_header_name(struct text text)
{
    return text.size > 0 && has_no_line_break(text);
}

static bool has_4_bytes(struct text bytes)
{
    return bytes.size == 4;
}

static bool has_16_bytes(struct text bytes)
{
    return bytes.size == 16;
}

static bool has_4_or_16_bytes(struct text bytes)
{
    return has_4_bytes(bytes) || has_16_bytes(bytes);
}

#define FORMAT(type, part, number, id, name, fits)                                                 \
    {                                                                                              \
        FIELD_##type, number, 1, part "." id, part "." id "_empty", name, fits, NULL               \
    }
#define STRING(number, id, name, fits) FORMAT(STRING, "string", number, id, name, fits)
#define BYTES(number, id, name, fits) FORMAT(BYTES, "bytes", number, id, name, fits)

/* The number of StringRules.well_known_regex. */
#define KNOWN_REGEX 24

static const struct value_format formats[] = {
    STRING(12, "email", "an email address", is_email),
    STRING(13, "hostname", "a hostname", is_hostname),
    STRING(14, "ip", "an IP address", is_ip),
    STRING(15, "ipv4", "an IPv4 address", is_ipv4),
    STRING(16, "ipv6", "an IPv6 address", is_ipv6),
    STRING(17, "uri", "a URI", is_uri),
    STRING(18, "uri_ref", "a URI or a relative reference", is_uri_ref),
    STRING(21, "address", "a hostname or an IP address", is_address),
    STRING(22, "uuid", "a UUID", is_uuid),
    STRING(26, "ip_with_prefixlen", "an IP address with a prefix length", is_ip_with_prefixlen),
    STRING(27, "ipv4_with_prefixlen", "an IPv4 address with a prefix length",
           is_ipv4_with_prefixlen),
    STRING(28, "ipv6_with_prefixlen", "an IPv6 address with a prefix length",
           is_ipv6_with_prefixlen),
    STRING(29, "ip_prefix", "an IP prefix", is_ip_prefix),
    STRING(30, "ipv4_prefix", "an IPv4 prefix", is_ipv4_prefix),
    STRING(31, "ipv6_prefix", "an IPv6 prefix", is_ipv6_prefix),
    STRING(32, "host_and_port", "a host and a port", is_host_and_port),
    STRING(33, "tuuid", "a UUID without dashes", is_trimmed_uuid),
    STRING(35, "ulid", "a ULID", is_ulid),
    STRING(37, "protobuf_fqn", "a full name of Protobuf", is_protobuf_name),
    STRING(38, "protobuf_dot_fqn", "a full name of Protobuf with a dot before it",
           is_protobuf_dot_name),
    {FIELD_STRING, KNOWN_REGEX, 1, "string.well_known_regex.header_name",
     "string.well_known_regex.header_name_empty", "the name of an HTTP header field",
     is_header_name, is_loose_header_name},
    {FIELD_STRING, KNOWN_REGEX, 2, "string.well_known_regex.header_value",
     "string.well_known_regex.header_value", "the value of an HTTP header field", is_header_value,
     has_no_line_break},
    BYTES(10, "ip", "an IP address of 4 or 16 bytes", has_4_or_16_bytes),
    BYTES(11, "ipv4", "an IPv4 address of 4 bytes", has_4_bytes),
    BYTES(12, "ipv6", "an IPv6 address of 16 bytes", has_16_bytes),
    BYTES(15, "uuid", "a UUID of 16 bytes", has_16_bytes),
};

const struct value_format *value_format_find(enum field_type type, uint32_t number, uint64_t value)
{
    for (size_t i = 0; i < array_length(formats); i++)
        if (formats[i].type == type && formats[i].number == number && formats[i].value == value)
            return &formats[i];
    return NULL;
}

bool value_format_has(enum field_type type, uint32_t number)
{
    return value_format_find(type, number, 1);
}
