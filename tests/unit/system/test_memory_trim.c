/* SPDX-License-Identifier: MIT */
/* Is memory given back after a burst, and only then? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "system/memory_trim.h"

#include "base/banned.h"

#define MIB ((size_t)1 << 20)

static size_t rounds_that_are_due(struct memory_trim *trim, size_t used, size_t rounds)
{
    size_t due = 0;
    for (size_t i = 0; i < rounds; i++)
        due += memory_trim_is_due(trim, used, used);
    return due;
}

static void a_burst_is_followed_by_a_few_rounds(void **state)
{
    (void)state;
    struct memory_trim trim = {0};
    assert_int_equal(rounds_that_are_due(&trim, 40 * MIB, 10), 0);
    assert_true(memory_trim_is_due(&trim, 10 * MIB, 10 * MIB));
    assert_int_equal(rounds_that_are_due(&trim, 10 * MIB, 10), 2);
    assert_int_equal(rounds_that_are_due(&trim, 1 * MIB, 10), 3);
}

static void a_burst_between_two_rounds_counts(void **state)
{
    (void)state;
    struct memory_trim trim = {0};
    assert_true(memory_trim_is_due(&trim, 0, 40 * MIB));
}

static void steady_or_growing_use_gives_nothing_back(void **state)
{
    (void)state;
    struct memory_trim trim = {0};
    for (size_t used = 0; used < 40 * MIB; used += MIB)
        assert_false(memory_trim_is_due(&trim, used, used));
    assert_int_equal(rounds_that_are_due(&trim, 30 * MIB, 10), 0);
}

static void a_fall_of_less_than_a_megabyte_does_not_count(void **state)
{
    (void)state;
    struct memory_trim trim = {0};
    assert_int_equal(rounds_that_are_due(&trim, MIB - 1, 2), 0);
    assert_int_equal(rounds_that_are_due(&trim, 0, 10), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_followed_by_a_few_rounds),
        cmocka_unit_test(a_burst_between_two_rounds_counts),
        cmocka_unit_test(steady_or_growing_use_gives_nothing_back),
        cmocka_unit_test(a_fall_of_less_than_a_megabyte_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
