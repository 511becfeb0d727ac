/* SPDX-License-Identifier: MIT */
/* Do the classes of ASCII characters have the members that the C locale gives them? */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ascii.h"
#include "base/compiler.h"

#include "base/banned.h"

static const struct {
    bool (*is_member)(char c);
    int (*is_member_in_c_locale)(int c);
} classes[] = {
    {ascii_is_digit, isdigit},     {ascii_is_lower, islower},        {ascii_is_upper, isupper},
    {ascii_is_letter, isalpha},    {ascii_is_alphanumeric, isalnum}, {ascii_is_blank, isblank},
    {ascii_is_printable, isprint}, {ascii_is_visible, isgraph},      {ascii_is_control, iscntrl},
    {ascii_is_hex, isxdigit},
};

static void classes_have_the_members_of_the_c_locale(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(classes); i++)
        for (int byte = 0; byte < 256; byte++)
            assert_int_equal(classes[i].is_member((char)byte),
                             classes[i].is_member_in_c_locale(byte) != 0);
}

static void case_changes_for_letters_alone(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        assert_int_equal((unsigned char)ascii_to_lower((char)byte), tolower(byte));
        assert_int_equal((unsigned char)ascii_to_upper((char)byte), toupper(byte));
    }
}

static void hexadecimal_digits_have_values_in_both_cases(void **state)
{
    (void)state;
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    for (int value = 0; value < 16; value++) {
        assert_int_equal(ascii_hex_value(lower[value]), value);
        assert_int_equal(ascii_hex_value(upper[value]), value);
        assert_int_equal(ascii_hex_digit((unsigned)value), lower[value]);
        assert_int_equal(ascii_hex_digit((unsigned)value + 0xf0), lower[value]);
    }
    assert_int_equal(ascii_hex_value('g'), -1);
    assert_int_equal(ascii_hex_value('G'), -1);
    assert_int_equal(ascii_hex_value('\0'), -1);
}

static void nul_is_in_no_set(void **state)
{
    (void)state;
    assert_true(ascii_is_one_of('b', "abc"));
    assert_false(ascii_is_one_of('d', "abc"));
    assert_false(ascii_is_one_of('\0', "abc"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_have_the_members_of_the_c_locale),
        cmocka_unit_test(case_changes_for_letters_alone),
        cmocka_unit_test(hexadecimal_digits_have_values_in_both_cases),
        cmocka_unit_test(nul_is_in_no_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
