/* SPDX-License-Identifier: MIT */
/* Do the well-known formats of strings and bytes accept and refuse the texts that protovalidate
 * does? */
#include "constraint/constraint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "validated.h"

static const struct value_row format_rows[] = {
    {"email", "a@b", NULL},
    {"email", "a.b+c!#$%&'*/=?^_`{|}~-@example.com", NULL},
    {"email", "", "string.email_empty"},
    {"email", "a", "string.email"},
    {"email", "@b", "string.email"},
    {"email", "a@", "string.email"},
    {"email", "a@b@c", "string.email"},
    {"email", "a b@c", "string.email"},
    {"email", "a@-b", "string.email"},
    {"email", "a@b.", "string.email"},
    {"email", "a@b_c", "string.email"},
    {"email", "\xc3\xa9@b", "string.email"},
    {"hostname", "example.com", NULL},
    {"hostname", "example.com.", NULL},
    {"hostname", "a", NULL},
    {"hostname", "1a.2b", NULL},
    {"hostname", "1.2.3.a", NULL},
    {"hostname", "123456789012345678901234567890123456789012345678901234567890123.a", NULL},
    {"hostname", "", "string.hostname_empty"},
    {"hostname", ".", "string.hostname"},
    {"hostname", "a..b", "string.hostname"},
    {"hostname", ".a", "string.hostname"},
    {"hostname", "a..", "string.hostname"},
    {"hostname", "-a", "string.hostname"},
    {"hostname", "a-", "string.hostname"},
    {"hostname", "a_b", "string.hostname"},
    {"hostname", "1.2.3.4", "string.hostname"},
    {"hostname", "1234567890123456789012345678901234567890123456789012345678901234.a",
     "string.hostname"},
    {"ip", "127.0.0.1", NULL},
    {"ip", "::1", NULL},
    {"ip", "", "string.ip_empty"},
    {"ip", "localhost", "string.ip"},
    {"ipv4", "255.255.255.255", NULL},
    {"ipv4", "256.0.0.1", "string.ipv4"},
    {"ipv4", "01.2.3.4", "string.ipv4"},
    {"ipv4", "1.2.3", "string.ipv4"},
    {"ipv4", " 1.2.3.4", "string.ipv4"},
    {"ipv4", "::1", "string.ipv4"},
    {"ipv6", "::", NULL},
    {"ipv6", "1:2:3:4:5:6:7:8", NULL},
    {"ipv6", "::ffff:1.2.3.4", NULL},
    {"ipv6", "fe80::1%eth0", NULL},
    {"ipv6", "fe80::1%", "string.ipv6"},
    {"ipv6", "1:2:3", "string.ipv6"},
    {"ipv6", "1::2::3", "string.ipv6"},
    {"ipv6", "12345::", "string.ipv6"},
    {"ipv6", "[::1]", "string.ipv6"},
    {"ipv6", "1.2.3.4", "string.ipv6"},
    {"address", "example.com", NULL},
    {"address", "1.2.3.4", NULL},
    {"address", "::1", NULL},
    {"address", "", "string.address_empty"},
    {"address", "a b", "string.address"},
    {"uuid", "0123abcd-4567-89EF-0123-456789abcdef", NULL},
    {"uuid", "", "string.uuid_empty"},
    {"uuid", "0123abcd-4567-89EF-0123-456789abcde", "string.uuid"},
    {"uuid", "0123abcd-4567-89EF-0123-456789abcdeg", "string.uuid"},
    {"uuid", "0123abcd04567-89EF-0123-456789abcdef", "string.uuid"},
    {"uuid", "{0123abcd-4567-89EF-0123-456789abcdef}", "string.uuid"},
    {"tuuid", "0123abcd456789EF0123456789abcdef", NULL},
    {"tuuid", "", "string.tuuid_empty"},
    {"tuuid", "0123abcd456789EF0123456789abcde", "string.tuuid"},
    {"tuuid", "0123abcd-4567-89EF-0123-456789ab", "string.tuuid"},
    {"ulid", "01ARZ3NDEKTSV4RRFFQ69G5FAV", NULL},
    {"ulid", "7zzzzzzzzzzzzzzzzzzzzzzzzz", NULL},
    {"ulid", "", "string.ulid_empty"},
    {"ulid", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "string.ulid"},
    {"ulid", "01ARZ3NDEKTSV4RRFFQ69G5FA", "string.ulid"},
    {"ulid", "01ARZ3NDEKTSV4RRFFQ69G5FAU", "string.ulid"},
    {"ip_with_prefixlen", "10.0.0.1/8", NULL},
    {"ip_with_prefixlen", "::1/128", NULL},
    {"ip_with_prefixlen", "", "string.ip_with_prefixlen_empty"},
    {"ip_with_prefixlen", "10.0.0.1", "string.ip_with_prefixlen"},
    {"ipv4_with_prefixlen", "10.0.0.1/0", NULL},
    {"ipv4_with_prefixlen", "10.0.0.1/33", "string.ipv4_with_prefixlen"},
    {"ipv4_with_prefixlen", "10.0.0.1/08", "string.ipv4_with_prefixlen"},
    {"ipv4_with_prefixlen", "10.0.0.1/", "string.ipv4_with_prefixlen"},
    {"ipv4_with_prefixlen", "10.0.0.1/+8", "string.ipv4_with_prefixlen"},
    {"ipv4_with_prefixlen", "::1/8", "string.ipv4_with_prefixlen"},
    {"ipv6_with_prefixlen", "fe80::1/64", NULL},
    {"ipv6_with_prefixlen", "fe80::1/129", "string.ipv6_with_prefixlen"},
    {"ipv6_with_prefixlen", "fe80::1%a/64", "string.ipv6_with_prefixlen"},
    {"ip_prefix", "10.0.0.0/8", NULL},
    {"ip_prefix", "10.0.0.1/8", "string.ip_prefix"},
    {"ipv4_prefix", "0.0.0.0/0", NULL},
    {"ipv4_prefix", "10.1.128.0/17", NULL},
    {"ipv4_prefix", "10.1.128.0/16", "string.ipv4_prefix"},
    {"ipv6_prefix", "fe80::/10", NULL},
    {"ipv6_prefix", "fe80::/8", "string.ipv6_prefix"},
    {"host_and_port", "example.com:443", NULL},
    {"host_and_port", "1.2.3.4:0", NULL},
    {"host_and_port", "[::1]:65535", NULL},
    {"host_and_port", "", "string.host_and_port_empty"},
    {"host_and_port", "example.com", "string.host_and_port"},
    {"host_and_port", "example.com:", "string.host_and_port"},
    {"host_and_port", "example.com:65536", "string.host_and_port"},
    {"host_and_port", "example.com:0443", "string.host_and_port"},
    {"host_and_port", "::1:443", "string.host_and_port"},
    {"host_and_port", "[1.2.3.4]:443", "string.host_and_port"},
    {"host_and_port", "[::1]", "string.host_and_port"},
    {"host_and_port", ":443", "string.host_and_port"},
    {"none", "anything", NULL},
    {"protobuf_fqn", "buf.validate", NULL},
    {"protobuf_fqn", "_a1.B_2", NULL},
    {"protobuf_fqn", "", "string.protobuf_fqn_empty"},
    {"protobuf_fqn", ".a", "string.protobuf_fqn"},
    {"protobuf_fqn", "a.", "string.protobuf_fqn"},
    {"protobuf_fqn", "a..b", "string.protobuf_fqn"},
    {"protobuf_fqn", "a.1b", "string.protobuf_fqn"},
    {"protobuf_fqn", "a-b", "string.protobuf_fqn"},
    {"protobuf_fqn", "a\n", "string.protobuf_fqn"},
    {"protobuf_dot_fqn", ".buf.validate", NULL},
    {"protobuf_dot_fqn", "", "string.protobuf_dot_fqn_empty"},
    {"protobuf_dot_fqn", "buf.validate", "string.protobuf_dot_fqn"},
    {"protobuf_dot_fqn", ".", "string.protobuf_dot_fqn"},
    {"protobuf_dot_fqn", "..a", "string.protobuf_dot_fqn"},
    {"header_name", "X-Request_Id.!#$%&'*+,|~`^", NULL},
    {"header_name", ":path", NULL},
    {"header_name", "", "string.well_known_regex.header_name_empty"},
    {"header_name", ":", "string.well_known_regex.header_name"},
    {"header_name", "::a", "string.well_known_regex.header_name"},
    {"header_name", "a b", "string.well_known_regex.header_name"},
    {"header_name", "a(b)", "string.well_known_regex.header_name"},
    {"header_name", "a\n", "string.well_known_regex.header_name"},
    {"header_value", "", NULL},
    {"header_value", "a\tb \xc3\xa9", NULL},
    {"header_value", "a\nb", "string.well_known_regex.header_value"},
    {"header_value", "a\x1f", "string.well_known_regex.header_value"},
    {"header_value", "a\x7f", "string.well_known_regex.header_value"},
    {"loose_name", "a (b)\x7f", NULL},
    {"loose_name", "", "string.well_known_regex.header_name_empty"},
    {"loose_name", "a\r", "string.well_known_regex.header_name"},
    {"loose_value", "", NULL},
    {"loose_value", "a\x01\x7f", NULL},
    {"loose_value", "a\n", "string.well_known_regex.header_value"},
    {"strict_alone", "a\nb", NULL},
    {"no_regex", "a\nb", NULL},
};

static const struct value_row byte_format_rows[] = {
    {"ip", "1234", NULL},
    {"ip", "1234567890123456", NULL},
    {"ip", "", "bytes.ip_empty"},
    {"ip", "12345", "bytes.ip"},
    {"ipv4", "1234", NULL},
    {"ipv4", "", "bytes.ipv4_empty"},
    {"ipv4", "1234567890123456", "bytes.ipv4"},
    {"ipv6", "1234567890123456", NULL},
    {"ipv6", "", "bytes.ipv6_empty"},
    {"ipv6", "1234", "bytes.ipv6"},
    {"uuid", "1234567890123456", NULL},
    {"uuid", "", "bytes.uuid_empty"},
    {"uuid", "123456789012345", "bytes.uuid"},
    {"none", "anything", NULL},
};

static void each_format_is_known(void **state)
{
    (void)state;
    expect_rows("Formats", format_rows, array_length(format_rows));
    expect_rows("ByteFormats", byte_format_rows, array_length(byte_format_rows));
}

static void uris_are_those_of_rfc_3986(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool is_uri, is_reference;
    } rows[] = {
        {"https://user:x@example.com:8443/a/b;c=1?d=e/f?#g?/", true, true},
        {"urn:isbn:0451450523", true, true},
        {"mailto:a@b", true, true},
        {"a:", true, true},
        {"a+b-c.d:e", true, true},
        {"http://", true, true},
        {"http://a:", true, true},
        {"file:///etc/hosts", true, true},
        {"http://[::1]:80/", true, true},
        {"http://[fe80::1%25eth0]/", true, true},
        {"http://[v1.a:b]/", true, true},
        {"http://a%20b/", true, true},
        {"http://%e4%b8%ad/%ff?%ff#%ff", true, true},
        {"", false, true},
        {"/a/b", false, true},
        {"a/b:c", false, true},
        {"./a:b", false, true},
        {"//example.com/a", false, true},
        {"?a=b", false, true},
        {"#a", false, true},
        {"1a:b", false, false},
        {":a", false, false},
        {"a b", false, false},
        {"http://a b/", false, false},
        {"http://a/%2", false, false},
        {"http://a/%zz", false, false},
        {"http://a:b/", false, false},
        {"http://a@b@c/", false, false},
        {"http://[::1/", false, false},
        {"http://[::1]a/", false, false},
        {"http://[1.2.3.4]/", false, false},
        {"http://[fe80::1%eth0]/", false, false},
        {"http://[fe80::1%25]/", false, false},
        {"http://[v.a]/", false, false},
        {"http://[vg.a]/", false, false},
        {"http://[]/", false, false},
        {"http://%ff/", false, false},
        {"http://%e4%b8/", false, false},
        {"http://a/[b]", false, false},
        {"http://a/#b#c", false, false},
        {"http://a/\\b", false, false},
        {"http://\xc3\xa9/", false, false},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct text value = text_of(rows[i].value);
        const char *id = value.size ? "string.uri" : "string.uri_empty";
        expect_id("Formats", "uri", value, rows[i].is_uri ? NULL : id);
        expect_id("Formats", "uri_ref", value, rows[i].is_reference ? NULL : "string.uri_ref");
    }
}

static void the_longest_hostname_has_253_characters_and_a_dot(void **state)
{
    (void)state;
    char name[255];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 ? '.' : 'a';
    expect_id("Formats", "hostname", (struct text){name, 253}, NULL);
    expect_id("Formats", "hostname", (struct text){name, 254}, NULL);
    expect_id("Formats", "hostname", (struct text){name, 255}, "string.hostname");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_arena(each_format_is_known),
        with_arena(uris_are_those_of_rfc_3986),
        with_arena(the_longest_hostname_has_253_characters_and_a_dot),
    };
    return cmocka_run_group_tests(tests, validated_load, validated_unload);
}
