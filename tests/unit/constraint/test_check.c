/* SPDX-License-Identifier: MIT */
/* Is each rule of buf.validate on strings, numbers and bytes enforced as protovalidate defines it?
 */
#include "constraint/constraint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "validated.h"

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
    {"finite", "1e308", NULL},
    {"finite", "inf", "double.finite"},
    {"finite", "-inf", "double.finite"},
    {"finite", "nan", "double.finite"},
    {"finite_float", "3e38", NULL},
    {"finite_float", "inf", "float.finite"},
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_arena(each_rule_of_strings_is_enforced),
        with_arena(a_new_line_at_the_end_is_not_overlooked),
        with_arena(each_rule_of_numbers_is_enforced),
        with_arena(each_rule_of_bytes_is_enforced),
    };
    return cmocka_run_group_tests(tests, validated_load, validated_unload);
}
