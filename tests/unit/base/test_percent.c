/* SPDX-License-Identifier: MIT */
/* Are bytes percent-encoded and decoded as RFC 3986 says? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/percent.h"

#include "base/banned.h"

static void letters_digits_and_four_marks_are_unreserved(void **state)
{
    (void)state;
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (int c = 0; c < 256; c++)
        assert_int_equal(percent_is_unreserved((char)c), c && strchr(unreserved, c));
}

static void each_byte_is_itself_when_it_is_encoded_and_decoded(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char encoded[3];
        percent_encode_byte((char)c, encoded);
        assert_int_equal(percent_decode_byte((struct text){encoded, 3}), c);
    }
    char slash[3];
    percent_encode_byte('/', slash);
    assert_memory_equal(slash, "%2F", 3);
}

static void other_texts_begin_with_no_encoded_byte(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "%", "%2", "2F%", "%2G", "%G2", "% F", "a%2F"};
    for (size_t i = 0; i < array_length(texts); i++)
        assert_int_equal(percent_decode_byte(text_of(texts[i])), -1);
    assert_int_equal(percent_decode_byte(text_of("%e4%b8")), 0xe4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_digits_and_four_marks_are_unreserved),
        cmocka_unit_test(each_byte_is_itself_when_it_is_encoded_and_decoded),
        cmocka_unit_test(other_texts_begin_with_no_encoded_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
