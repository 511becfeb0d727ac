/* SPDX-License-Identifier: MIT */
#include "json/numbers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void whole_numbers_are_exact_however_they_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {
        {"0", 0},
        {"-0", 0},
        {"7", 7},
        {"9007199254740993", 9007199254740993},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036854775808.000", INT64_MIN},
        {"1.0", 1},
        {"-1.50e1", -15},
        {"1e2", 100},
        {"1E+2", 100},
        {"100e-2", 1},
        {"0.0000000000000000000001e22", 1},
        {"10000000000000000000000e-22", 1},
        {"0e999999999999999999999", 0},
        {"0.000e-999999999999999999999", 0},
        {"922337203685477580700000e-5", INT64_MAX},
        {"0.9223372036854775807e19", INT64_MAX},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        int64_t value = 1234;
        assert_true(json_is_number(text_of(rows[i].text)));
        if (!json_to_i64(text_of(rows[i].text), &value) || value != rows[i].value)
            fail_msg("%s is read as %jd", rows[i].text, (intmax_t)value);
    }
}

static void the_largest_unsigned_number_is_exact(void **state)
{
    (void)state;
    uint64_t value;
    assert_true(json_to_u64(text_of("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
    assert_true(json_to_u64(text_of("1844674407370955161500e-2"), &value));
    assert_true(value == UINT64_MAX);
    assert_true(json_to_u64(text_of("-0.0"), &value));
    assert_true(value == 0);
}

static void a_number_that_is_not_whole_or_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1.5",
        "1e-1",
        "0.1",
        "1e19",
        "9223372036854775808",
        "-9223372036854775809",
        "10000000000000000000000000000",
        "1e999999999999999999999",
        "1e-999999999999999999999",
        "123456789012345678901234567890e-12",
    };
    for (size_t i = 0; i < array_length(texts); i++) {
        int64_t value = 1234;
        assert_true(json_is_number(text_of(texts[i])));
        assert_false(json_to_i64(text_of(texts[i]), &value));
        assert_int_equal(value, 1234);
    }
    static const char *const too_large[] = {"18446744073709551616", "-1", "1e20", "1.5"};
    for (size_t i = 0; i < array_length(too_large); i++) {
        uint64_t value = 1234;
        assert_false(json_to_u64(text_of(too_large[i]), &value));
        assert_true(value == 1234);
    }
}

static void only_json_numbers_are_numbers(void **state)
{
    (void)state;
    static const char *const good[] = {"0", "-0", "10", "0.5", "-1.25e+10", "1E5", "0e0"};
    static const char *const bad[] = {"",         "-",   "+1",   "01",   "-01", ".5", "5.",
                                      "1e",       "1e+", "e1",   "1.",   "0x1", "1 ", " 1",
                                      "Infinity", "NaN", "1.e1", "1..2", "--1"};
    for (size_t i = 0; i < array_length(good); i++)
        assert_true(json_is_number(text_of(good[i])));
    for (size_t i = 0; i < array_length(bad); i++)
        assert_false(json_is_number(text_of(bad[i])));
}

/* The library's own reading of the same digits, for numbers of every length. */
static void numbers_agree_with_the_c_library(void **state)
{
    (void)state;
    uint64_t number = 1;
    for (int i = 0; i < 20000; i++) {
        char text[64];
        number = number * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t wanted = number >> (number % 64), value;
        unsigned zeros = (unsigned)(number >> 40) % 4;
        snprintf(text, sizeof text, "%ju%.*s%s%u", (uintmax_t)wanted, (int)zeros, "000", "e-",
                 zeros);
        assert_true(json_to_u64(text_of(text), &value));
        assert_true(value == wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_exact_however_they_are_written),
        cmocka_unit_test(the_largest_unsigned_number_is_exact),
        cmocka_unit_test(a_number_that_is_not_whole_or_does_not_fit_is_refused),
        cmocka_unit_test(only_json_numbers_are_numbers),
        cmocka_unit_test(numbers_agree_with_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
