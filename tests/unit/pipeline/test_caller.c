/* SPDX-License-Identifier: MIT */
/* Has each caller no more calls in flight than it may? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/caller.h"

static void a_caller_may_enter_until_it_has_the_most_and_again_when_one_has_left(void **state)
{
    (void)state;
    struct callers callers;
    callers_init(&callers);
    assert_true(callers_enter(&callers, 1, 2));
    assert_true(callers_enter(&callers, 1, 2));
    assert_false(callers_enter(&callers, 1, 2));
    callers_leave(&callers, 1);
    assert_true(callers_enter(&callers, 1, 2));
    callers_leave(&callers, 1);
    callers_leave(&callers, 1);
}

static void callers_are_counted_apart(void **state)
{
    (void)state;
    struct callers callers;
    callers_init(&callers);
    for (uint64_t caller = 0; caller <= CALLER_BUCKETS; caller++)
        assert_true(callers_enter(&callers, caller, 1));
    for (uint64_t caller = 0; caller <= CALLER_BUCKETS; caller++)
        assert_false(callers_enter(&callers, caller, 1));
    for (uint64_t caller = 0; caller <= CALLER_BUCKETS; caller++)
        callers_leave(&callers, caller);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_may_enter_until_it_has_the_most_and_again_when_one_has_left),
        cmocka_unit_test(callers_are_counted_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
