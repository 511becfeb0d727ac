/* SPDX-License-Identifier: MIT */
/* Is the distance of two words the number of letters to change? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/edit_distance.h"

#include "base/banned.h"

static void the_distance_is_the_number_of_letters_to_change(void **state)
{
    (void)state;
    static const struct {
        const char *written, *known;
        size_t distance;
    } rows[] = {
        {"wait", "wait", 0}, {"WAIT", "wait", 0},      {"wat", "wait", 1}, {"waiit", "wait", 1},
        {"wiat", "wait", 2}, {"bait", "wait", 1},      {"", "wait", 4},    {"wait", "", 4},
        {"", "", 0},         {"kitten", "sitting", 3},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        assert_int_equal(edit_distance(text_of(rows[i].written), text_of(rows[i].known)),
                         rows[i].distance);
}

static void the_written_word_may_be_longer_than_any_known_one(void **state)
{
    (void)state;
    char written[1000];
    memset(written, 'a', sizeof written);
    assert_int_equal(edit_distance((struct text){written, sizeof written}, text_literal("aaa")),
                     997);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_distance_is_the_number_of_letters_to_change),
        cmocka_unit_test(the_written_word_may_be_longer_than_any_known_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
