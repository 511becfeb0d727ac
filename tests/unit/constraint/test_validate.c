/* SPDX-License-Identifier: MIT */
#include "constraint/validate.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "constraint/attach.h"
#include "constraint/parse.h"
#include "lines.h"
#include "sets.h"

/* protos/validated.proto, and the memory of one test. */
static struct sets validated;
static struct arena arena;

static bool check(const char *type, const char *lines, struct violations *violations,
                  struct status *status)
{
    const struct schema_message *message = sets_type(&validated, type);
    return validate(message, lines_message(message, lines, &arena), &arena, violations, status);
}

/* The violation of a field; NULL when it has none. */
static const struct violation *violation_of(const struct violations *violations, const char *field)
{
    for (size_t i = 0; i < violations->count; i++)
        if (text_equal(violations->list[i].field, text_of(field)))
            return &violations->list[i];
    return NULL;
}

static void expect_id(const char *type, const char *field, struct text value, const char *id)
{
    struct status status;
    struct violations violations;
    const struct schema_message *message = sets_type(&validated, type);
    ProtobufCMessage *filled = schema_message_new(message, &arena);
    lines_set(message, filled, text_of(field), value, &arena);
    bool good = validate(message, filled, &arena, &violations, &status);
    assert_int_equal(good, violations.count == 0);
    const struct violation *violation = violation_of(&violations, field);
    if (!violation != !id || (violation && !text_equal(violation->rule_id, text_of(id))))
        fail_msg("%s.%s = \"%.*s\": %.*s, not %s", type, field, text_arguments(value),
                 text_arguments(violation ? violation->rule_id : text_literal("good")),
                 id ? id : "good");
}

/* All violations as "field: id" lines, in order. */
static void expect_violations(const char *type, const char *lines, const char *expected)
{
    struct status status;
    struct violations violations;
    struct buffer told;
    buffer_init(&told, &arena, 0);
    bool good = check(type, lines, &violations, &status);
    for (size_t i = 0; i < violations.count; i++) {
        buffer_add_text(&told, i > 0 ? text_literal("\n") : text_literal(""));
        buffer_add_text(&told, violations.list[i].field);
        buffer_add_literal(&told, ": ");
        buffer_add_text(&told, violations.list[i].rule_id);
    }
    if (!text_equal(buffer_text(&told), text_of(expected)))
        fail_msg("%s of\n%s\ngave\n%.*s\nnot\n%s", type, lines, text_arguments(buffer_text(&told)),
                 expected);
    assert_int_equal(good, violations.count == 0);
    assert_int_equal(violations.more, 0);
    if (!good)
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
}

/* One value, and the id of the rule that it breaks. */
struct value_row {
    const char *field, *value, *id;
};

static void expect_rows(const char *type, const struct value_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_id(type, rows[i].field, text_of(rows[i].value), rows[i].id);
}

static void each_rule_of_strings_is_enforced(void **state)
{
    (void)state;
    static const struct value_row rows[] = {
        {"const", "a\"b", NULL},
        {"const", "a\"bc", "string.const"},
        {"len", "abc", NULL},
        {"len", "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80", NULL},
        {"len", "ab", "string.len"},
        {"len", "abcd", "string.len"},
        {"len", "\xc3\xa9\xc3\xa9", "string.len"},
        {"min_len", "abc", NULL},
        {"min_len", "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", NULL},
        {"min_len", "ab", "string.min_len"},
        {"min_len", "\xe4\xb8\xad\xe4\xb8\xad", "string.min_len"},
        {"min_len", "", "string.min_len"},
        {"min_len", "a long one, which needs no counting", NULL},
        {"max_len", "abc", NULL},
        {"max_len", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", NULL},
        {"max_len", "abcd", "string.max_len"},
        {"max_len", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\x61", "string.max_len"},
        {"max_len", "a long one, which needs no counting", "string.max_len"},
        {"len_bytes", "\xe4\xb8\xad", NULL},
        {"len_bytes", "ab", "string.len_bytes"},
        {"len_bytes", "abcd", "string.len_bytes"},
        {"min_bytes", "abc", NULL},
        {"min_bytes", "\xc3\xa9", "string.min_bytes"},
        {"max_bytes", "abc", NULL},
        {"max_bytes", "\xc3\xa9\xc3\xa9", "string.max_bytes"},
        {"pattern", "abc", NULL},
        {"pattern", "abc ", "string.pattern"},
        {"pattern", "", "string.pattern"},
        {"anywhere", "abbc", NULL},
        {"anywhere", "ac", "string.pattern"},
        {"prefix", "ab", NULL},
        {"prefix", "abc", NULL},
        {"prefix", "a", "string.prefix"},
        {"prefix", "bab", "string.prefix"},
        {"suffix", "xyz", NULL},
        {"suffix", "z", "string.suffix"},
        {"suffix", "yzx", "string.suffix"},
        {"contains", "lmno", NULL},
        {"contains", "m n", "string.contains"},
        {"contains", "", "string.contains"},
        {"not_contains", "m n", NULL},
        {"not_contains", "", NULL},
        {"not_contains", "lmno", "string.not_contains"},
        {"in", "a", NULL},
        {"in", "b", NULL},
        {"in", "", "string.in"},
        {"in", "ab", "string.in"},
        {"in_lines", "a", NULL},
        {"in_lines", "b", NULL},
        {"in_lines", "c", "string.in"},
        {"not_in", "c", NULL},
        {"not_in", "b", "string.not_in"},
    };
    expect_rows("Strings", rows, array_length(rows));
}

static void a_new_line_at_the_end_is_not_overlooked(void **state)
{
    (void)state;
    expect_id("Strings", "pattern", text_literal("abc\n"), "string.pattern");
}

static const struct value_row number_rows[] = {
    {"const", "5", NULL},
    {"const", "0", "int32.const"},
    {"gt", "6", NULL},
    {"gt", "5", "int32.gt"},
    {"gte", "5", NULL},
    {"gte", "4", "int32.gte"},
    {"lt", "4", NULL},
    {"lt", "5", "int32.lt"},
    {"lte", "5", NULL},
    {"lte", "6", "int32.lte"},
    {"gt_lt", "6", NULL},
    {"gt_lt", "5", "int32.gt_lt"},
    {"gt_lt", "10", "int32.gt_lt"},
    {"gte_lte", "5", NULL},
    {"gte_lte", "10", NULL},
    {"gte_lte", "4", "int32.gte_lte"},
    {"gte_lte", "11", "int32.gte_lte"},
    {"outside", "4", NULL},
    {"outside", "11", NULL},
    {"outside", "5", "int32.gt_lt_exclusive"},
    {"outside", "7", "int32.gt_lt_exclusive"},
    {"outside", "10", "int32.gt_lt_exclusive"},
    {"outside_too", "5", NULL},
    {"outside_too", "10", NULL},
    {"outside_too", "6", "int32.gte_lte_exclusive"},
    {"exactly", "5", NULL},
    {"exactly", "4", "int32.gte_lte"},
    {"exactly", "6", "int32.gte_lte"},
    {"in", "-2", NULL},
    {"in", "2", "int32.in"},
    {"not_in", "2", NULL},
    {"not_in", "-2", "int32.not_in"},
    {"an_int64", "-9223372036854775807", NULL},
    {"an_int64", "-9223372036854775808", "int64.gte"},
    {"a_uint32", "4294967294", NULL},
    {"a_uint32", "4294967295", "uint32.lte"},
    {"a_uint64", "18446744073709551614", NULL},
    {"a_uint64", "18446744073709551615", "uint64.lte"},
    {"a_sint32", "-3", NULL},
    {"a_sint32", "-4", "sint32.gte"},
    {"a_sint64", "-3", NULL},
    {"a_sint64", "-4", "sint64.gte"},
    {"a_fixed32", "2", NULL},
    {"a_fixed32", "4294967295", "fixed32.lt"},
    {"a_fixed64", "2", NULL},
    {"a_fixed64", "18446744073709551615", "fixed64.lt"},
    {"an_sfixed32", "-3", NULL},
    {"an_sfixed32", "-4", "sfixed32.gte"},
    {"an_sfixed64", "-3", NULL},
    {"an_sfixed64", "-4", "sfixed64.gte"},
    {"a_float", "-0.5", NULL},
    {"a_float", "-0.51", "float.gte_lt"},
    {"a_float", "0.5", "float.gte_lt"},
    {"a_float", "nan", "float.gte_lt"},
    {"a_double", "0.1", NULL},
    {"a_double", "0.10000000000000002", "double.lte"},
    {"a_double", "nan", "double.lte"},
    {"a_double", "-inf", NULL},
    {"double_outside", "1.5", NULL},
    {"double_outside", "0.5", "double.gt_lt_exclusive"},
    {"double_outside", "nan", "double.gt_lt_exclusive"},
    {"double_in", "1.5", NULL},
    {"double_in", "nan", "double.in"},
    {"a_bool", "1", NULL},
    {"a_bool", "0", "bool.const"},
    {"enum_const", "4", NULL},
    {"enum_const", "1", "enum.const"},
    {"enum_defined", "4", NULL},
    {"enum_defined", "2", "enum.defined_only"},
    {"enum_defined", "-1", "enum.defined_only"},
    {"enum_in", "4", NULL},
    {"enum_in", "0", "enum.in"},
    {"enum_not_in", "0", NULL},
    {"enum_not_in", "4", "enum.not_in"},
    {"enum_open", "7", NULL},
    {"double_if_zero", "0", NULL},

    {"double_if_zero", "5", "double.gt"},
};

static void each_rule_of_numbers_is_enforced(void **state)
{
    (void)state;
    expect_rows("Numbers", number_rows, array_length(number_rows));
}

static void each_rule_of_bytes_is_enforced(void **state)
{
    (void)state;
    static const struct value_row rows[] = {
        {"const", "\xff\x01", NULL},
        {"const", "\xff", "bytes.const"},
        {"len", "\xff\xff", NULL},
        {"len", "\xff", "bytes.len"},
        {"len", "abc", "bytes.len"},
        {"min_len", "ab", NULL},
        {"min_len", "a", "bytes.min_len"},
        {"max_len", "ab", NULL},
        {"max_len", "abc", "bytes.max_len"},
        {"prefix", "\xff\x61", NULL},
        {"prefix", "a", "bytes.prefix"},
        {"suffix", "a\xff", NULL},
        {"suffix", "", "bytes.suffix"},
        {"contains", "a\xff\x62", NULL},
        {"contains", "ab", "bytes.contains"},
        {"in", "\xff", NULL},
        {"in", "", "bytes.in"},
        {"not_in", "b", NULL},
        {"not_in", "\xff", "bytes.not_in"},
    };
    expect_rows("Bytes", rows, array_length(rows));
}

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
};

static void each_format_is_known(void **state)
{
    (void)state;
    expect_rows("Formats", format_rows, array_length(format_rows));
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

static void the_longest_hostname_has_253_characters(void **state)
{
    (void)state;
    char name[255];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 ? '.' : 'a';
    expect_id("Formats", "hostname", (struct text){name, 253}, NULL);
    expect_id("Formats", "hostname", (struct text){name, 255}, "string.hostname");
}

static void repeated_fields_are_checked_as_a_whole_and_in_their_elements(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *broken;
    } rows[] = {
        {"min_items=a\nmin_items=b\nrequired=a", ""},
        {"min_items=a\nrequired=a", "min_items: repeated.min_items"},
        {"required=a", "min_items: repeated.min_items"},
        {"min_items=a\nmin_items=b", "required: required"},
        {"min_items=\nmin_items=\nrequired=\nmax_items=\nmax_items=\nmax_items=",
         "max_items: repeated.max_items"},
        {"min_items=\nmin_items=\nrequired=\nunique=a\nunique=b\nunique=", ""},
        {"min_items=\nmin_items=\nrequired=\nunique=a\nunique=b\nunique=a",
         "unique: repeated.unique"},
        {"min_items=\nmin_items=\nrequired=\nunique_numbers=0\nunique_numbers=-0",
         "unique_numbers: repeated.unique"},
        {"min_items=\nmin_items=\nrequired=\nunique_numbers=nan\nunique_numbers=nan", ""},
        {"min_items=\nmin_items=\nrequired=\nunique_bools=1\nunique_bools=1",
         "unique_bools: repeated.unique"},
        {"min_items=\nmin_items=\nrequired=\nitems=ab\nitems=a\nitems=abcd",
         "items[1]: string.min_len\nitems[2]: string.max_len"},
        {"min_items=\nmin_items=\nrequired=\nitems_in_lines=a\nitems_in_lines=abcd",
         "items_in_lines[0]: string.min_len\nitems_in_lines[1]: string.max_len"},
        {"min_items=\nmin_items=\nrequired=\nitems_or_empty=\nitems_or_empty=a",
         "items_or_empty[1]: string.min_len"},
        {"min_items=\nmin_items=\nrequired=\nitems_or_zero=-0\nitems_or_zero=5",
         "items_or_zero[1]: double.gt"},
        {"min_items=\nmin_items=\nrequired=\nitems_ignored=a", ""},
        {"min_items=\nmin_items=\nrequired=\nmessages.name=ab\nmessages.name=a\nmessages=",
         "messages[1].name: string.min_len\nmessages[2].name: string.min_len"},
        {"min_items=\nmin_items=\nrequired=\nmessages.inner.name=a",
         "messages[0].name: string.min_len\nmessages[0].inner.name: string.min_len"},
        {"min_items=\nmin_items=\nrequired=\nif_any=a", "if_any: repeated.min_items"},
        {"min_items=\nmin_items=\nrequired=\nwrappers.value=ab\nwrappers.value=a",
         "wrappers[1]: string.min_len"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        expect_violations("Repeateds", rows[i].lines, rows[i].broken);
}

static void a_long_list_is_compared_as_a_short_one(void **state)
{
    (void)state;
    const struct schema_message *type = sets_type(&validated, "Repeateds");
    static const char *const names[] = {"unique", "unique_numbers"};
    for (size_t last = 0; last <= 5000; last += 5000) {
        ProtobufCMessage *message =
            lines_message(type, "min_items=\nmin_items=\nrequired=a", &arena);
        for (size_t i = 0; i < 200; i++) {
            /* Equal values are far apart, so that sorting has to bring them together; some are not
             * numbers. */
            char *text = arena_alloc(&arena, 16);
            size_t number = i == 199 ? last : i * 7919 % 1009;
            snprintf(text, 16, "%zu", number);
            lines_set(type, message, text_of(names[0]), text_of(text), &arena);
            lines_set(type, message, text_of(names[1]),
                      text_of(i % 2 == 1 && i != 199 ? "nan" : text), &arena);
        }
        struct status status;
        struct violations violations;
        bool good = validate(type, message, &arena, &violations, &status);
        /* 0 is the first element; nothing else gives 5000. */
        assert_int_equal(good, last == 5000);
        assert_int_equal(violations.count, last ? 0 : 2);
    }
}

static void maps_are_checked_as_a_whole_and_in_their_entries(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *broken;
    } rows[] = {
        {"min_pairs.a=", ""},
        {"", "min_pairs: map.min_pairs"},
        {"min_pairs.a=\nmax_pairs.a=\nmax_pairs.b=", "max_pairs: map.max_pairs"},
        {"min_pairs.a=\nkeys.ab=\nkeys.a=\nkeys.abcd=",
         "keys[\"a\"]: string.min_len\nkeys[\"abcd\"]: string.max_len"},
        {"min_pairs.a=\nvalues.k=ab\nvalues.l=a\nvalues.m=abcd",
         "values[\"l\"]: string.min_len\nvalues[\"m\"]: string.max_len"},
        {"min_pairs.a=\nvalues.a\"b\\c=a", "values[\"a\\\"b\\\\c\"]: string.min_len"},
        {"min_pairs.a=\nnumbers.-12=a\nnumbers.3=ab\nnumbers.0=a",
         "numbers[-12]: string.min_len\nnumbers[0]: string.min_len"},
        {"min_pairs.a=\nnumbers.-2147483648=a", "numbers[-2147483648]: string.min_len"},
        {"min_pairs.a=\nbools.1=a\nbools.0=a",
         "bools[true]: string.min_len\nbools[false]: string.min_len"},
        {"min_pairs.a=\nmessages.k.name=a", "messages[\"k\"].name: string.min_len"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        expect_violations("Maps", rows[i].lines, rows[i].broken);
}

static void required_fields_have_to_be_set(void **state)
{
    (void)state;
    static const char full[] = "required=a\nrequired_number=1\nrequired_optional=\n"
                               "required_message.name=ab";
    expect_violations("Presence", full, "");
    expect_violations("Presence", "",
                      "required: required\nrequired_number: required\n"
                      "required_optional: required\nrequired_message: required");
    /* Set to zero is not set, but for what tracks presence. */
    expect_violations("Presence",
                      "required=\nrequired_number=0\nrequired_optional=\nrequired_message=",
                      "required: required\nrequired_number: required\n"
                      "required_message.name: string.min_len");
}

static void unset_and_ignored_fields_are_not_checked(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *broken;
    } rows[] = {
        {"plain=ab\nboth=ab", ""},
        {"both=ab", "plain: string.min_len"},
        {"plain=ab\nboth=ab\noptional=", "optional: string.min_len"},
        {"plain=ab\nboth=ab\nif_zero=", ""},
        {"plain=ab\nboth=ab\nif_zero=a", "if_zero: string.min_len"},
        /* Set to zero is set. */
        {"plain=ab\nboth=ab\noptional_if_zero=", "optional_if_zero: string.min_len"},
        {"plain=ab\nboth=ab\noptional_if_zero=a", "optional_if_zero: string.min_len"},
        {"plain=ab\nboth=ab\nalways=a", ""},
        {"plain=ab\nboth=ab\nmessage_always.name=a", ""},
        {"plain=ab", "both: required"},
        {"plain=ab\nboth=a", "both: string.min_len"},
        {"plain=ab\nboth=ab\nmessage.name=a", "message.name: string.min_len"},
        {"plain=ab\nboth=ab\nmessage.name=ab\nmessage.inner.name=a",
         "message.inner.name: string.min_len"},
        {"plain=ab\nboth=ab\nwrapper.value=ab", ""},
        {"plain=ab\nboth=ab\nwrapper.value=a\nwrapped_number.value=5",
         "wrapper: string.min_len\nwrapped_number: int32.gt"},
        {"plain=ab\nboth=ab\nwrapped_number=", "wrapped_number: int32.gt"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        expect_violations("Ignored", rows[i].lines, rows[i].broken);
}

static void a_required_oneof_has_one_member(void **state)
{
    (void)state;
    expect_violations("Choice", "", "required: required");
    expect_violations("Choice", "maybe=a", "required: required");
    expect_violations("Choice", "left=ab", "");
    expect_violations("Choice", "left=", "left: string.min_len");
    expect_violations("Choice", "right.name=a", "right.name: string.min_len");
}

static void messages_say_what_is_demanded(void **state)
{
    (void)state;
    static const struct {
        const char *type, *lines, *field, *message;
    } rows[] = {
        {"Strings", "", "min_len", "must have at least 3 characters"},
        {"Strings", "", "one", "must have at least 1 character"},
        {"Strings", "max_len=abcd", "max_len", "must have at most 3 characters"},
        {"Strings", "", "len", "must have exactly 3 characters"},
        {"Strings", "", "min_bytes", "must have at least 3 bytes"},
        {"Strings", "", "const", "must be \"a\"b\""},
        {"Strings", "", "pattern", "must match the pattern ^[a-z]+$"},
        {"Strings", "", "in", "must be one of \"a\", \"b\""},
        {"Strings", "not_in=a", "not_in", "must be none of \"a\", \"b\""},
        {"Strings", "", "prefix", "must begin with \"ab\""},
        {"Strings", "not_contains=mn", "not_contains", "must not contain \"mn\""},
        {"Formats", "", "host_and_port", "must be a host and a port"},
        {"Numbers", "", "const", "must be 5"},
        {"Numbers", "", "gt", "must be above 5"},
        {"Numbers", "", "gte_lte", "must be at least 5 and at most 10"},
        {"Numbers", "outside=7", "outside", "must be above 10 or below 5"},
        {"Numbers", "a_float=1", "a_float", "must be at least -0.5 and below 0.5"},
        {"Numbers", "enum_defined=9", "enum_defined", "must be a value that the enum defines"},
        {"Bytes", "", "const", "must be 0xff01"},
        {"Bytes", "", "in", "must be one of \"a\", 0xff"},
        {"Repeateds", "", "min_items", "must have at least 2 elements"},
        {"Repeateds", "unique=a\nunique=a", "unique", "must have no element twice"},
        {"Presence", "", "required", "must be set"},
        {"Choice", "", "required", "one of its members must be set"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct violations violations;
        assert_false(check(rows[i].type, rows[i].lines, &violations, &status));
        const struct violation *violation = violation_of(&violations, rows[i].field);
        struct text told = violation ? violation->message : text_literal("no violation");
        if (!text_equal(told, text_of(rows[i].message)))
            fail_msg("\"%.*s\" is not \"%s\"", text_arguments(told), rows[i].message);
    }
}

static void the_status_names_the_first_violations(void **state)
{
    (void)state;
    struct status status;
    struct violations violations;
    assert_false(check("Presence", "required=a\nrequired_number=1", &violations, &status));
    assert_string_equal(status.message,
                        "required_optional: must be set; required_message: must be set");
    assert_false(check("Strings", "", &violations, &status));
    assert_string_equal(status.message, "const: must be \"a\"b\"; len: must have exactly 3 "
                                        "characters; min_len: must have at least 3 characters; "
                                        "and 10 more");
}

static void more_violations_than_a_person_reads_are_counted(void **state)
{
    (void)state;
    const struct schema_message *type = sets_type(&validated, "Repeateds");
    ProtobufCMessage *message = lines_message(type, "min_items=\nmin_items=\nrequired=a", &arena);
    struct status status;
    struct violations violations;
    for (size_t i = 0; i < VALIDATE_VIOLATIONS + 5; i++)
        lines_set(type, message, text_literal("items"), text_literal("a"), &arena);
    assert_false(validate(type, message, &arena, &violations, &status));
    assert_int_equal(violations.count, VALIDATE_VIOLATIONS);
    assert_int_equal(violations.more, 5);
    assert_non_null(strstr(status.message, "; and 34 more"));
}

static void expect_full(const struct schema_message *type, const ProtobufCMessage *message)
{
    struct arena none;
    struct status status;
    struct violations violations;
    arena_init(&none, 0);
    assert_false(validate(type, message, &none, &violations, &status));
    assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
    arena_clear(&none);
}

static void a_full_arena_is_not_a_violation(void **state)
{
    (void)state;
    static const struct {
        const char *type, *lines;
    } rows[] = {{"Strings", ""}, {"Strings", "pattern=abc"}, {"Maps", "numbers.5=a"}};
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct schema_message *type = sets_type(&validated, rows[i].type);
        expect_full(type, lines_message(type, rows[i].lines, &arena));
    }
    /* A check that needs memory, although nothing is wrong. */
    const struct schema_message *type = sets_type(&validated, "Needing");
    ProtobufCMessage *message = lines_message(type, "pattern=a", &arena);
    expect_full(type, message);
    message = schema_message_new(type, &arena);
    for (size_t i = 0; i < 100; i++) {
        uint8_t *letter = arena_alloc(&arena, 1);
        *letter = (uint8_t)i;
        lines_set(type, message, text_literal("unique"), (struct text){(char *)letter, 1}, &arena);
    }
    expect_full(type, message);
}

static void rules_are_described_as_a_person_would(void **state)
{
    (void)state;
    static const struct {
        const char *type, *field, *description;
    } rows[] = {
        {"Ignored", "both", "required, have at least 2 characters"},
        {"Repeateds", "items",
         "elements: have at least 2 characters, elements: have at most 3 characters"},
        {"Maps", "keys", "keys: have at least 2 characters, keys: have at most 3 characters"},
        {"Maps", "numbers", "values: have at least 2 characters"},
        {"Numbers", "outside", "be above 10 or below 5"},
        {"Plain", "name", ""},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct buffer out;
        buffer_init(&out, &arena, 0);
        constraints_describe(
            sets_field(sets_type(&validated, rows[i].type), rows[i].field)->constraints, &out);
        if (!text_equal(buffer_text(&out), text_of(rows[i].description)))
            fail_msg("\"%.*s\" is not \"%s\"", text_arguments(buffer_text(&out)),
                     rows[i].description);
    }
}

/* A field of the wire: its number, and the bytes of others. */
static struct text piece(unsigned number, struct text bytes)
{
    struct buffer out;
    buffer_init(&out, &arena, bytes.size + 8);
    for (unsigned tag = number << 3 | 2; tag > 0; tag >>= 7)
        buffer_add_char(&out, (char)((tag & 0x7f) | (tag > 0x7f ? 0x80 : 0)));
    for (size_t size = bytes.size, first = 1; size > 0 || first; size >>= 7, first = 0)
        buffer_add_char(&out, (char)((size & 0x7f) | (size > 0x7f ? 0x80 : 0)));
    buffer_add_text(&out, bytes);
    return buffer_text(&out);
}

/* Reads FieldRules onto a field of that type. */
static bool read_rules(const char *type, const char *field, struct text field_rules,
                       struct schema_field *read, struct status *status)
{
    *read = *sets_field(sets_type(&validated, type), field);
    read->constraints = NULL;
    return constraints_parse_field(text_literal("its place"), piece(1159, field_rules), read,
                                   &arena, status);
}

static void expect_refusal(const char *type, const char *field, struct text field_rules,
                           const char *why)
{
    struct status status;
    struct schema_field read;
    if (read_rules(type, field, field_rules, &read, &status))
        fail_msg("%s was not refused: %s", field, why);
    assert_null(read.constraints);
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_memory_equal(status.message, "its place: ", 11);
    if (!strstr(status.message, why))
        fail_msg("\"%s\" does not say \"%s\"", status.message, why);
}

static void rules_that_are_not_enforced_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *type, *field;
        struct text rules;
        const char *why;
    } rows[] = {
        {"Plain", "name", {"\xba\x01\x00", 3}, "field.cel of buf.validate is not enforced"},
        {"Plain", "name", {"\xea\x01\x00", 3}, "field.cel_expression"},
        {"Plain", "name", {"\xa2\x01\x00", 3}, "field.any"},
        {"Plain", "name", {"\xaa\x01\x00", 3}, "field.duration"},
        {"Plain", "name", {"\xb2\x01\x00", 3}, "field.timestamp"},
        {"Plain", "name", {"\xe2\x01\x00", 3}, "field.field_mask"},
        {"Plain", "name", {"\x8a\x01\x00", 3}, "field rules have a number 17 that is not known"},
        {"Plain", "name", {"\xd8\x04\x01", 3}, "field rules have a number 75"},
        {"Plain", "name", {"\xd8\x01\x02", 3}, "an `ignore` that is not known"},
        {"Plain", "name", {"\xca\x01\x00", 3}, "cannot be read"}, /* required */
        {"Plain", "name", {"\xda\x01\x00", 3}, "cannot be read"}, /* ignore */
        {"Plain", "name", {"\x72\x03\xc0\x01\x01", 5}, "string.well_known_regex"},
        {"Plain", "name", {"\x72\x03\xc8\x01\x00", 5}, "string.strict"},
        {"Plain", "name", {"\x72\x03\x98\x06\x00", 5}, "string rules have a number 99"},
        {"Plain", "name", {"\x72\x02\x12\x00", 4}, "cannot be read"}, /* min_len of text */
        {"Plain", "name", {"\x72\x02\x08\x01", 4}, "cannot be read"}, /* const of a number */
        {"Plain", "name", {"\x72\x02\x62\x00", 4}, "cannot be read"}, /* email of text */
        {"Plain", "name", {"\x72\x02\x30\x01", 4}, "cannot be read"}, /* a pattern's number */
        {"Plain", "name", {"\x72\x05\x00", 3}, "cannot be read"},     /* too short */
        {"Plain", "name", {"\x70\x00", 2}, "number 14"},              /* no message */
        {"Plain", "name", {"\x1a\x02\x08\x05", 4}, "are for int32, which it is not"},
        {"Plain", "name", {"\x92\x01\x02\x08\x01", 5}, "are for repeated fields"},
        {"Plain", "name", {"\x9a\x01\x02\x08\x01", 5}, "are for maps"},
        {"Bytes", "const", {"\x7a\x03\x22\x01\x61", 5}, "bytes.pattern"},
        {"Bytes", "const", {"\x7a\x02\x50\x01", 4}, "bytes.ip"},
        {"Numbers", "const", {"\x1a\x02\x0a\x00", 4}, "cannot be read"}, /* const of text */
        {"Numbers", "const", {"\x1a\x05\x25\x00\x00\x00\x00", 7}, "cannot be read"},
        {"Numbers", "a_double", {"\x12\x02\x40\x01", 4}, "double.finite"},
        {"Numbers", "a_double", {"\x12\x09\x21\0\0\0\0\0\0\xf8\x7f", 11}, "no number"},
        {"Numbers", "a_float", {"\x0a\x05\x15\0\0\xc0\x7f", 7}, "no number"},
        {"Repeateds", "messages", {"\x92\x01\x02\x18\x01", 5}, "elements that are no messages"},
        {"Repeateds", "items", {"\x92\x01\x02\x48\x01", 5}, "repeated rules have a number 9"},
        {"Repeateds", "items", {"\x72\x02\x10\x01", 4}, "are for string, which it is not"},
        {"Repeateds", "items", {"\x92\x01\x04\x22\x02\x1a\x00", 7}, "are for int32"},
        {"Repeateds", "items", {"\x92\x01\x05\x22\x03\xc8\x01\x01", 8}, "`required` of elements"},
        {"Maps", "keys", {"\x9a\x01\x05\x22\x03\xc8\x01\x01", 8}, "`required` of elements"},
        {"Maps", "values", {"\x9a\x01\x05\x2a\x03\xc8\x01\x01", 8}, "`required` of elements"},
        {"Repeateds", "items", {"\x92\x01\x05\x22\x03\x92\x01\x00", 8}, "are for repeated fields"},
        {"Maps", "keys", {"\x9a\x01\x02\x18\x01", 5}, "map rules have a number 3"},
        {"Maps", "numbers", {"\x9a\x01\x04\x22\x02\x72\x00", 7}, "are for string"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        expect_refusal(rows[i].type, rows[i].field, rows[i].rules, rows[i].why);
}

/* Checks one string against the rules of a string. */
static bool fits(struct text string_rules, const char *value)
{
    struct status status;
    struct schema_field field;
    struct violations violations;
    struct schema_message type = *sets_type(&validated, "Plain");
    if (!read_rules("Plain", "name", piece(14, string_rules), &field, &status))
        fail_msg("%s", status.message);
    type.fields = &field;
    type.has_constraints = true;
    ProtobufCMessage *message = schema_message_new(&type, &arena);
    lines_set(sets_type(&validated, "Plain"), message, text_literal("name"), text_of(value),
              &arena);
    bool good = validate(&type, message, &arena, &violations, &status);
    constraints_release(field.constraints);
    return good;
}

static void of_a_rule_that_is_given_twice_the_last_one_counts(void **state)
{
    (void)state;
    struct text constant = text_literal("\x0a\x01\x61\x0a\x01\x62");
    assert_false(fits(constant, "a"));
    assert_true(fits(constant, "b"));
    struct text pattern = text_literal("\x32\x01\x61\x32\x01\x62");
    assert_false(fits(pattern, "a"));
    assert_true(fits(pattern, "b"));
    struct text format = text_literal("\x60\x01\x70\x01"); /* email, then ip */
    assert_false(fits(format, "a@b"));
    assert_true(fits(format, "::1"));
}

static void predefined_rules_and_rules_of_messages_are_refused(void **state)
{
    (void)state;
    struct status status;
    struct schema_field field = *sets_field(sets_type(&validated, "Plain"), "name");
    struct schema_message message = *sets_type(&validated, "Plain");
    assert_false(constraints_parse_field(text_literal("x"), piece(1160, text_literal("")), &field,
                                         &arena, &status));
    assert_non_null(strstr(status.message, "predefined"));
    assert_false(constraints_parse_field(text_literal("x"), text_literal("\xb8\x48\x01"), &field,
                                         &arena, &status));
    assert_non_null(strstr(status.message, "cannot be read"));
    static const struct {
        struct text rules;
        const char *why;
    } rows[] = {
        {{"\x1a\x00", 2}, "message.cel"},
        {{"\x22\x00", 2}, "message.oneof"},
        {{"\x2a\x00", 2}, "message.cel_expression"},
        {{"\x08\x01", 2}, "number 1 that is not known"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        assert_false(constraints_parse_message(text_literal("x"), piece(1159, rows[i].rules),
                                               &message, &arena, &status));
        assert_non_null(strstr(status.message, rows[i].why));
    }
    assert_true(constraints_parse_message(text_literal("x"), piece(1159, text_literal("")),
                                          &message, &arena, &status));
    assert_false(constraints_parse_oneof(text_literal("x"), piece(1159, text_literal("\x10\x01")),
                                         text_literal("one"), &message, &arena, &status));
}

/* Whether a string matches a pattern; the pattern has to be read. */
static bool match(struct text pattern, struct text value, struct violations *violations)
{
    struct status status;
    struct schema_field field;
    struct schema_message type = *sets_type(&validated, "Plain");
    if (!read_rules("Plain", "name", piece(14, piece(6, pattern)), &field, &status))
        fail_msg("%s", status.message);
    type.fields = &field;
    type.has_constraints = true;
    ProtobufCMessage *message = schema_message_new(&type, &arena);
    *(ProtobufCBinaryData *)schema_value(message, &field) =
        (ProtobufCBinaryData){value.size, (uint8_t *)(uintptr_t)value.data};
    bool good = validate(&type, message, &arena, violations, &status);
    if (!good)
        assert_true(text_equal(violations->list[0].rule_id, text_literal("string.pattern")));
    constraints_release(field.constraints);
    return good;
}

static bool matches(struct text pattern, struct text value)
{
    struct violations violations;
    return match(pattern, value, &violations);
}

static const struct {
    const char *pattern, *matching, *other;
} meanings[] = {
    {"b", "abc", "ac"},
    {"^a$", "a", "a\n"},
    {"a$", "ba", "ab"},
    {"(?m)^b$", "a\nb\nc", "ab"},
    {"(?m)a\n^$", "a\n", "a"},
    {"(?s)a.b", "a\nb", "ab"},
    {"a.b", "a\rb", "a\nb"},
    {"^.$", "\xe4\xb8\xad", "\xe4\xb8\xad\xe4\xb8\xad"},
    {"(?i)stra\xc3\x9f"
     "e",
     "STRA\xc3\x9f"
     "E",
     "STRASSE"},
    {"(?i:A)b", "ab", "aB"},
    {"(?P<name>a)(?<other>b)(?:c)", "abc", "ab"},
    {"^a+?b*?c??$", "aabb", "b"},
    {"^\\++$", "++", "+-"},
    {"^\\}+$", "}}", "{"},
    {"^x{2,3}$", "xxx", "xxxx"},
    {"^x{2,}?$", "xxx", "x"},
    {"^x{$", "x{", "x"},
    {"^{,2}$", "{,2}", ""},
    {"^x{ 2}$", "x{ 2}", "xx"},
    {"^\\s$", "\t", "\v"},
    {"^\\S$", "\v", " "},
    {"^[\\s]$", " ", "\v"},
    {"^[^\\s]$", "\v", " "},
    {"^[\\S]$", "\v", " "},
    {"^[\\s\\S]$", "\n", "ab"},
    {"^\\v$", "\v", "\n"},
    {"^[\\v]$", "\v", "\n"},
    {"^\\d$", "7", "\xd9\xa7"},
    {"^\\w$", "a", "\xc3\xa9"},
    {"\\bab\\b", "x ab", "xab"},
    {"\\Aa\\z", "a", "ba"},
    {"^\\x41\\x{42}$", "AB", "AC"},
    {"^\\_\\-\\.$", "_-.", "_-a"},
    {"^\\pL\\p{Lu}\\P{Lu}$", "aAa", "aaA"},
    {"^\\p{^Lu}$", "a", "A"},
    {"^\\P{^Lu}$", "A", "a"},
    {"^\\p{Greek}$", "\xce\xb1", "a"},
    /* In many scripts, of which Greek is one, but not of the script Greek. */
    {"^\\P{Greek}$", "\xcd\x82", "\xce\xb1"},
    {"^\\p{Han}$", "\xe4\xb8\xad", "\xe3\x80\x81"},
    {"^\\p{Yi}$", "\xea\x80\x80", "\xe3\x80\x81"},
    {"^[[:alpha:][:^ascii:]]$", "a", "1"},
    {"^[]a]$", "]", "b"},
    {"^[^]a]$", "b", "]"},
    {"^[[a]$", "[", "b"},
    {"^[[.a.]+$", "[.", "b"},
    {"^[-a]$", "-", "b"},
    {"^[a-]$", "-", "b"},
    {"^[\\w-]$", "-", " "},
    {"^[\\-\\s]$", "-", "a"},
    {"^[\\]]$", "]", "a"},
    {"^[(*?+{]+$", "(*?+{", "a"},
    {"^[+--]$", ",", "."},
    /* A dash behind a class is a character. */
    {"^[\\s-z]$", "-", "a"},
    {"^[\\w-.]$", "-", "+"},
    {"^[\\w-\\d]$", "-", "+"},
    {"^[[:digit:]-z]$", "-", "a"},
    {"^[\\s--/]$", ".", "a"},
    {"^[.a.]$", ".", "b"},
    {"^[:alpha:]$", ":", "b"},
    {"^[=a=]$", "=", "b"},
    /* Upper and lower case of a class: U+212A is a K, U+017F an s. */
    {"(?i)^\\w$", "\xe2\x84\xaa", "-"},
    {"(?i)^\\W$", "-", "\xe2\x84\xaa"},
    {"(?i)^[[:alpha:]]$", "\xc5\xbf", "1"},
    {"(?i)^[[:upper:]]$", "a", "1"},
    {"^[[:upper:]]$", "A", "a"},
    {"^\\W$", "\xe2\x84\xaa", "a"},
    /* Negated in another one, beyond Latin-1. */
    {"^[.\\D[:alpha:]]$", "\xea\x80\x80", "1"},
    {"^[^\\D[:space:]]$", "1", "\xea\x80\x80"},
    {"^[^\\pL[:^space:]]$", " ", "\xe4\xb8\xad"},
    {"^[\\W]$", "-", "_"},
    {"^[\\D]$", "a", "5"},
    {"^a|b$", "ax", "xa"},
    {"", "", NULL},
    {"()", "a", NULL},
};

static void patterns_mean_what_they_mean_in_re2(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(meanings); i++) {
        struct text pattern = text_of(meanings[i].pattern);
        if (meanings[i].matching && !matches(pattern, text_of(meanings[i].matching)))
            fail_msg("%s does not match %s", meanings[i].pattern, meanings[i].matching);
        if (meanings[i].other && matches(pattern, text_of(meanings[i].other)))
            fail_msg("%s matches %s", meanings[i].pattern, meanings[i].other);
    }
    assert_true(matches((struct text){"^a\0b$", 5}, (struct text){"a\0b", 3}));
}

static const char *const foreign_patterns[] = {
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?<!a)",
    "(?>a)",
    "(?|a|b)",
    "(?#a)",
    "(?R)",
    "(?1)",
    "(?&a)",
    "(?P>a)",
    "(?P=a)",
    "(?'a'b)",
    "(?C)",
    "(?x)a b",
    "(?ix)a",
    "(?i-x:a)",
    "(?^)",
    "(?J)",
    "(?)",
    "(?-)",
    "(?i-)",
    "(?<a",
    "(?P<a",
    "(?<>a)",
    "(?P<a b>c)",
    "(*UTF)a",
    "(*ACCEPT)",
    "(a)\\1",
    "\\0",
    "\\12",
    "\\g1",
    "\\k<a>",
    "\\K",
    "\\R",
    "\\X",
    "\\N",
    "\\h",
    "\\H",
    "\\V",
    "\\Z",
    "\\G",
    "\\C",
    "\\e",
    "\\c@",
    "\\o{7}",
    "\\Qa\\E",
    "\\E",
    "\\u0041",
    "\\y",
    "\\\xc3\xa9",
    "\\",
    "\\x",
    "\\x4",
    "\\xg0",
    "\\x{}",
    "\\x{41",
    "\\p",
    "\\p{}",
    "\\p{L",
    "\\p{L&}",
    "\\p{Nothing}",
    "\\p1",
    "a++",
    "a*+",
    "a?+",
    "a{2}+",
    "a**",
    "a+*",
    "a*?*",
    "a{2}{3}",
    "a{1001}",
    "a{1,1001}",
    "*a",
    "a|*",
    "[a",
    "[]",
    "(a",
    "a)",
    "[b-a]",
    "[\\b]",
    "[\\B]",
    "[\\A]",
    "[\\z]",
    "[a-\\s]",
    "[+-[:digit:]]",

    "[[:alpha]",
    "[[:nothing:]]",
    "[[:<:]]a",
    "[[:>:]]",
    "[\\Q]",
    "\\Q[\\E(?=a)",
    "(?i)\\pL",
    "(?i:a)\\p{Lu}",
    "(?i)[\\W]",
    "(?i)[[:^alpha:]]",
    "a+??",
    "a*?+",
    "[[:alpha:]](?=a)",
    "[]](?=a)",
    "[^]](?=a)",
    "[\\]](?=a)",
    "\\\\(?=a)",
};

static bool is_kind(const char *name, int c)
{
    static const struct {
        const char *name;
        int (*is)(int c);
    } kinds[] = {
        {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
        {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
        {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
    };
    for (size_t i = 0; i < array_length(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return c < 128 && kinds[i].is(c);
    return c < 128 && (strcmp(name, "ascii") == 0 || isalnum(c) || c == '_');
}

static void named_classes_have_the_members_that_c_has(void **state)
{
    (void)state;
    static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl",
                                        "digit", "graph", "lower", "print", "punct",
                                        "space", "upper", "word",  "xdigit"};
    for (size_t i = 0; i < array_length(names); i++) {
        char plain[32], negated[32];
        snprintf(plain, sizeof plain, "^[[:%s:]]$", names[i]);
        snprintf(negated, sizeof negated, "^[[:^%s:]]$", names[i]);
        for (int c = 0; c <= 128; c++) {
            char *value = arena_alloc(&arena, 2);
            value[0] = c < 128 ? (char)c : '\xc2';
            value[1] = '\x80';
            struct text text = {value, c < 128 ? 1 : 2};
            if (matches(text_of(plain), text) != is_kind(names[i], c) ||
                matches(text_of(negated), text) == is_kind(names[i], c))
                fail_msg("[:%s:] and %d", names[i], c);
        }
    }
}

static void patterns_that_re2_does_not_have_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(foreign_patterns); i++)
        expect_refusal("Plain", "name", piece(14, piece(6, text_of(foreign_patterns[i]))),
                       "pattern");
    expect_refusal("Plain", "name", piece(14, piece(6, text_literal("\xff"))), "not UTF-8");
}

static void a_pattern_cannot_use_up_the_machine(void **state)
{
    (void)state;
    enum { MANY = 1 << 16 };
    char *text = malloc(MANY);
    assert_non_null(text);
    memset(text, 'a', MANY);
    text[MANY - 1] = 'b';
    /* Linear, whatever stack a compiled pattern has. */
    assert_true(matches(text_literal("^(?:a|b)*$"), (struct text){text, 4096}));
    assert_true(matches(text_literal("^[ab]*$"), (struct text){text, MANY}));
    assert_true(matches(text_literal("b$"), (struct text){text, MANY}));
    /* Exponential: given up, which is a violation that says so. */
    struct violations violations;
    assert_false(match(text_literal("^(a+)+$"), (struct text){text + MANY - 64, 64}, &violations));
    assert_non_null(memmem(violations.list[0].message.data, violations.list[0].message.size,
                           "too much work", 13));
    free(text);
}

static int load(void **state)
{
    (void)state;
    struct status status;
    validated = sets_load("protos/validated.binpb");
    if (!constraint_attach(validated.schema, &status))
        fail_msg("%s", status.message);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    sets_clear(&validated);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

#define with_arena(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_arena(each_rule_of_strings_is_enforced),
        with_arena(a_new_line_at_the_end_is_not_overlooked),
        with_arena(each_rule_of_numbers_is_enforced),
        with_arena(each_rule_of_bytes_is_enforced),
        with_arena(each_format_is_known),
        with_arena(uris_are_those_of_rfc_3986),
        with_arena(the_longest_hostname_has_253_characters),
        with_arena(repeated_fields_are_checked_as_a_whole_and_in_their_elements),
        with_arena(a_long_list_is_compared_as_a_short_one),
        with_arena(maps_are_checked_as_a_whole_and_in_their_entries),
        with_arena(required_fields_have_to_be_set),
        with_arena(unset_and_ignored_fields_are_not_checked),
        with_arena(a_required_oneof_has_one_member),
        with_arena(messages_say_what_is_demanded),
        with_arena(the_status_names_the_first_violations),
        with_arena(more_violations_than_a_person_reads_are_counted),
        with_arena(a_full_arena_is_not_a_violation),
        with_arena(rules_are_described_as_a_person_would),
        with_arena(rules_that_are_not_enforced_are_refused),
        with_arena(of_a_rule_that_is_given_twice_the_last_one_counts),
        with_arena(predefined_rules_and_rules_of_messages_are_refused),
        with_arena(patterns_mean_what_they_mean_in_re2),
        with_arena(named_classes_have_the_members_that_c_has),
        with_arena(patterns_that_re2_does_not_have_are_refused),
        with_arena(a_pattern_cannot_use_up_the_machine),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
