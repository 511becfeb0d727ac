/* SPDX-License-Identifier: MIT */
/* Do the functions of text follow their standards, and do buffers keep their bounds? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#include "base/banned.h"

/* RFC 3629 by its definition: the code point that a sequence stands for has to be a scalar value
 * and to need that many bytes. */
static size_t character_bytes(const unsigned char *at, size_t bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (length == 0 || length > bytes || at[0] >= 0xf8)
        return 0;
    if (length == 1)
        return 1;
    uint32_t point = at[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (at[i] >> 6 != 2)
            return 0;
        point = point << 6 | (at[i] & 0x3fU);
    }
    bool scalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return scalar && point >= least[length] ? length : 0;
}

static bool is_utf8_by_definition(const unsigned char *at, size_t bytes)
{
    while (bytes > 0) {
        size_t length = character_bytes(at, bytes);
        if (length == 0)
            return false;
        at += length;
        bytes -= length;
    }
    return true;
}

/* In memory of just that size, so that a look beyond it is found. */
static void check_utf8(const unsigned char *bytes, size_t count)
{
    unsigned char *copy = malloc(count + (count == 0));
    memcpy(copy, bytes, count);
    bool expected = is_utf8_by_definition(copy, count);
    bool said = text_is_utf8((struct text){(const char *)copy, count});
    free(copy);
    if (said == expected)
        return;
    for (size_t i = 0; i < count; i++)
        print_error("%02x ", bytes[i]);
    fail_msg("is %sUTF-8", expected ? "" : "no ");
}

static void utf8_of_up_to_three_bytes_is_what_rfc_3629_says(void **state)
{
    (void)state;
    for (uint32_t all = 0; all < 1U << 24; all++) {
        const unsigned char bytes[] = {(unsigned char)(all >> 16), (unsigned char)(all >> 8),
                                       (unsigned char)all};
        if (text_is_utf8((struct text){(const char *)bytes, 3}) != is_utf8_by_definition(bytes, 3))
            check_utf8(bytes, 3);
    }
    for (uint32_t all = 0; all < 1U << 16; all++) {
        const unsigned char bytes[] = {(unsigned char)(all >> 8), (unsigned char)all};
        check_utf8(bytes, 2);
    }
    for (unsigned byte = 0; byte < 256; byte++)
        check_utf8(&(unsigned char){(unsigned char)byte}, 1);
    check_utf8((const unsigned char *)"", 0);
}

/* All leads and second bytes; of the others, those where something changes. */
static void utf8_of_four_bytes_is_what_rfc_3629_says(void **state)
{
    (void)state;
    static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90,
                                          0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    for (unsigned lead = 0xe0; lead < 256; lead++)
        for (unsigned second = 0; second < 256; second++)
            for (size_t i = 0; i < array_length(edges) * array_length(edges); i++) {
                const unsigned char bytes[] = {(unsigned char)lead, (unsigned char)second,
                                               edges[i / array_length(edges)],
                                               edges[i % array_length(edges)]};
                check_utf8(bytes, sizeof bytes);
            }
}

/* ASCII is skipped eight bytes at a time: what stands before and behind must not matter. */
static void utf8_is_found_at_each_place_of_longer_text(void **state)
{
    (void)state;
    static const char *const pieces[] = {"\xc3\xa9",     "\xe4\xbd\xa0", "\xf0\x9f\x98\x80",
                                         "\x80",         "\xc3",         "\xe4\xbd",
                                         "\xed\xa0\x80", "\xc0\x80",     "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < array_length(pieces); i++)
        for (size_t at = 0; at < 40; at++)
            for (size_t behind = 0; behind < 20; behind++) {
                unsigned char text[64];
                size_t bytes = strlen(pieces[i]);
                memset(text, 'a', sizeof text);
                memcpy(text + at, pieces[i], bytes);
                check_utf8(text, at + bytes + behind);
            }
}

static void nul_is_a_character(void **state)
{
    (void)state;
    assert_true(text_is_utf8(text_literal("a\0b")));
    assert_int_equal(text_code_points(text_literal("a\0b")), 3);
}

static void nothing_is_utf8(void **state)
{
    (void)state;
    assert_true(text_is_utf8((struct text){NULL, 0}));
}

static void code_points_are_counted_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(text_code_points((struct text){NULL, 0}), 0);
    assert_int_equal(text_code_points(text_literal("a\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80")), 4);
}

static void a_cut_is_the_longest_that_splits_no_character(void **state)
{
    (void)state;
    static const char text[] = "ab\xc3\xa9\xe4\xbd\xa0z\xf0\x9f\x98\x80";
    static const size_t cuts[] = {0, 1, 2, 2, 4, 4, 4, 7, 8, 8, 8, 8, 12, 12, 12};
    for (size_t most = 0; most < array_length(cuts); most++)
        assert_int_equal(text_cut(text_of(text), most), cuts[most]);
    assert_int_equal(text_cut((struct text){NULL, 0}, 5), 0);
    assert_int_equal(text_cut(text_literal("\x80\x80\x80"), 2), 0);
}

static void only_ascii_letters_compare_without_case(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            const char one = (char)a, other = (char)b;
            bool letters = (a | 0x20) >= 'a' && (a | 0x20) <= 'z' && (a ^ b) == 0x20;
            assert_int_equal(text_equal_nocase((struct text){&one, 1}, (struct text){&other, 1}),
                             a == b || letters);
        }
    assert_true(text_equal_nocase(text_literal("Content-LENGTH"), text_literal("content-Length")));
    assert_false(text_equal_nocase(text_literal("ab"), text_literal("abc")));
    assert_true(text_equal_nocase((struct text){NULL, 0}, text_literal("")));
}

static void equal_text_has_the_same_bytes(void **state)
{
    (void)state;
    assert_true(text_equal(text_literal("a\0b"), text_literal("a\0b")));
    assert_false(text_equal(text_literal("a\0b"), text_literal("a\0c")));
    assert_false(text_equal(text_literal("a"), text_literal("ab")));
    assert_true(text_equal((struct text){NULL, 0}, text_literal("")));
}

static void numbers_are_read_up_to_the_largest(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t number;
    } rows[] = {{"0", 0},
                {"7", 7},
                {"00012", 12},
                {"4294967296", UINT64_C(4294967296)},
                {"18446744073709551609", UINT64_MAX - 6},
                {"18446744073709551615", UINT64_MAX},
                {"000000000000000000000000000001", 1}};
    for (size_t i = 0; i < array_length(rows); i++) {
        uint64_t number = 1234;
        assert_true(text_to_u64(text_of(rows[i].text), &number));
        assert_int_equal(number, rows[i].number);
    }
}

static void text_that_is_not_a_number_is_refused_and_nothing_is_set(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.0",
                                        "0x1",
                                        "1e3",
                                        "a",
                                        "1a",
                                        "\xd9\xa1",
                                        "/",
                                        ":",
                                        "18446744073709551616",
                                        "18446744073709551620",
                                        "28446744073709551615",
                                        "99999999999999999999",
                                        "184467440737095516150"};
    for (size_t i = 0; i < array_length(texts); i++) {
        uint64_t number = 1234;
        if (text_to_u64(text_of(texts[i]), &number))
            fail_msg("'%s' is read as a number", texts[i]);
        assert_int_equal(number, 1234);
    }
    uint64_t number;
    assert_false(text_to_u64(text_literal("1\0"), &number));
}

static void numbers_are_written_as_they_are_read(void **state)
{
    (void)state;
    uint64_t number = 0;
    for (int i = 0; i < 200; i++) {
        char digits[DECIMAL_BYTES], expected[DECIMAL_BYTES + 1];
        size_t bytes = text_from_u64(digits, number);
        snprintf(expected, sizeof expected, "%llu", (unsigned long long)number);
        assert_true(text_equal((struct text){digits, bytes}, text_of(expected)));
        number = i < 70 ? number * 2 + (unsigned)i % 2 : number * 6364136223846793005U + 1;
    }
}

static void a_buffer_writes_numbers_with_their_signs(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer buffer;
    arena_init(&arena, 1 << 16);
    buffer_init(&buffer, &arena, 0);
    buffer_add_i64(&buffer, INT64_MIN);
    buffer_add_char(&buffer, ' ');
    buffer_add_i64(&buffer, -1);
    buffer_add_char(&buffer, ' ');
    buffer_add_i64(&buffer, INT64_MAX);
    buffer_add_char(&buffer, ' ');
    buffer_add_u64(&buffer, UINT64_MAX);
    assert_true(
        text_equal(buffer_text(&buffer), text_literal("-9223372036854775808 -1 9223372036854775807 "
                                                      "18446744073709551615")));
    arena_clear(&arena);
}

static void a_buffer_keeps_what_was_written_while_it_grows(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer buffer;
    arena_init(&arena, 1 << 20);
    buffer_init(&buffer, &arena, 3);
    for (int i = 0; i < 10000; i++) {
        buffer_add_char(&buffer, (char)('a' + i % 26));
        buffer_add(&buffer, "0123456789", (size_t)(i % 11));
    }
    assert_false(buffer.full);
    const char *at = buffer.at;
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(*at++, 'a' + i % 26);
        assert_memory_equal(at, "0123456789", (size_t)(i % 11));
        at += i % 11;
    }
    assert_ptr_equal(at, buffer.at + buffer.bytes);
    arena_clear(&arena);
}

/* After the first refusal nothing is written any more, also what would still fit. */
static void a_full_buffer_stays_full(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer buffer;
    arena_init(&arena, 128);
    buffer_init(&buffer, &arena, 16);
    buffer_add_literal(&buffer, "0123456789");
    char large[200] = {0};
    buffer_add(&buffer, large, sizeof large);
    assert_true(buffer.full);
    buffer_add_char(&buffer, 'x');
    buffer_add_u64(&buffer, 1);
    buffer_add_literal(&buffer, "y");
    assert_false(buffer_reserve(&buffer, 1));
    assert_true(text_equal(buffer_text(&buffer), text_literal("0123456789")));
    arena_clear(&arena);
}

static void a_buffer_refuses_sizes_that_overflow(void **state)
{
    (void)state;
    for (size_t less = 0; less < 80; less++) {
        struct arena arena;
        struct buffer buffer;
        arena_init(&arena, 1 << 16);
        buffer_init(&buffer, &arena, 0);
        buffer_add_literal(&buffer, "0123456789");
        assert_false(buffer_reserve(&buffer, SIZE_MAX - less));
        assert_true(buffer.full);
        arena_clear(&arena);
    }
}

static void a_buffer_that_was_given_its_size_takes_no_more(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer buffer;
    arena_init(&arena, 1 << 16);
    buffer_init(&buffer, &arena, 1000);
    const char *at = buffer.at;
    for (int i = 0; i < 1000; i++)
        buffer_add_char(&buffer, 'x');
    assert_ptr_equal(buffer.at, at);
    assert_int_equal(buffer.room, 1000);
    arena_clear(&arena);
}

static double some_double(uint64_t *seed)
{
    double number;
    do {
        *seed = *seed * 6364136223846793005U + 1442695040888963407U;
        uint64_t bits = *seed ^ *seed >> 29;
        memcpy(&number, &bits, sizeof number);
    } while (number != number || number > 1.7e308 || number < -1.7e308);
    return number;
}

static void real_numbers_are_read_back_as_they_were(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        char text[REAL_BYTES + 1];
        double number = some_double(&seed);
        text[text_from_real(text, number, false)] = '\0';
        assert_memory_equal(&(double){strtod(text, NULL)}, &number, sizeof number);
        if (number > 3e38 || number < -3e38)
            continue;
        float single = (float)number;
        text[text_from_real(text, (double)single, true)] = '\0';
        assert_memory_equal(&(float){strtof(text, NULL)}, &single, sizeof single);
    }
}

static void real_numbers_are_short(void **state)
{
    (void)state;
    static const struct {
        double number;
        bool single;
        const char *text;
    } rows[] = {{0.1, false, "0.1"},      {(double)0.1F, true, "0.1"},
                {1e300, false, "1e+300"}, {-2.5, false, "-2.5"},
                {0, false, "0"},          {123456, true, "123456"}};
    for (size_t i = 0; i < array_length(rows); i++) {
        char text[REAL_BYTES];
        size_t bytes = text_from_real(text, rows[i].number, rows[i].single);
        assert_true(text_equal((struct text){text, bytes}, text_of(rows[i].text)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_of_up_to_three_bytes_is_what_rfc_3629_says),
        cmocka_unit_test(utf8_of_four_bytes_is_what_rfc_3629_says),
        cmocka_unit_test(utf8_is_found_at_each_place_of_longer_text),
        cmocka_unit_test(nul_is_a_character),
        cmocka_unit_test(nothing_is_utf8),
        cmocka_unit_test(code_points_are_counted_not_bytes),
        cmocka_unit_test(a_cut_is_the_longest_that_splits_no_character),
        cmocka_unit_test(only_ascii_letters_compare_without_case),
        cmocka_unit_test(equal_text_has_the_same_bytes),
        cmocka_unit_test(numbers_are_read_up_to_the_largest),
        cmocka_unit_test(text_that_is_not_a_number_is_refused_and_nothing_is_set),
        cmocka_unit_test(numbers_are_written_as_they_are_read),
        cmocka_unit_test(a_buffer_writes_numbers_with_their_signs),
        cmocka_unit_test(a_buffer_keeps_what_was_written_while_it_grows),
        cmocka_unit_test(a_full_buffer_stays_full),
        cmocka_unit_test(a_buffer_refuses_sizes_that_overflow),
        cmocka_unit_test(a_buffer_that_was_given_its_size_takes_no_more),
        cmocka_unit_test(real_numbers_are_read_back_as_they_were),
        cmocka_unit_test(real_numbers_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
