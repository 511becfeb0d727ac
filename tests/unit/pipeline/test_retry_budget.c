/* SPDX-License-Identifier: MIT */
/* Do retries stay few, spread out and within the deadline? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/retry_budget.h"

static const int64_t long_ns = 100 * CLOCK_NS_PER_S;

static void the_rest_grows_with_the_attempts_and_is_spread_over_its_whole_length(void **state)
{
    (void)state;
    for (unsigned made = 1; made < ATTEMPT_MOST; made++) {
        struct attempt_budget budget;
        int64_t longest = (50 * CLOCK_NS_PER_MS) << (made - 1), rest;
        attempt_budget_init(&budget);
        assert_true(attempt_again(&budget, made, 0, long_ns, 0, &rest));
        assert_int_equal(rest, 0);
        assert_true(attempt_again(&budget, made, 0, long_ns, (uint64_t)longest - 1, &rest));
        assert_int_equal(rest, longest - 1);
    }
}

static void a_time_that_the_upstream_named_is_kept(void **state)
{
    (void)state;
    struct attempt_budget budget;
    int64_t rest;
    attempt_budget_init(&budget);
    assert_true(attempt_again(&budget, 1, 3 * CLOCK_NS_PER_S, long_ns, 7, &rest));
    assert_int_equal(rest, 3 * CLOCK_NS_PER_S + 7);
}

static void no_attempt_follows_the_last_one_or_the_deadline(void **state)
{
    (void)state;
    struct attempt_budget budget;
    int64_t rest = -1;
    attempt_budget_init(&budget);
    assert_false(attempt_again(&budget, ATTEMPT_MOST, 0, long_ns, 0, &rest));
    assert_false(attempt_again(&budget, 1, 2 * CLOCK_NS_PER_S, CLOCK_NS_PER_S, 0, &rest));
    assert_false(attempt_again(&budget, 1, 0, 0, 0, &rest));
    assert_int_equal(rest, -1);
}

static void retries_stay_below_a_tenth_of_the_first_attempts(void **state)
{
    (void)state;
    struct attempt_budget budget;
    int64_t rest;
    unsigned retries = 0;
    attempt_budget_init(&budget);
    for (int i = 0; i < 10000; i++) {
        attempt_budget_earn(&budget);
        retries += attempt_again(&budget, 1, 0, long_ns, 0, &rest);
    }
    assert_in_range(retries, 1000, 1010);
}

static void a_quiet_time_saves_up_no_more_than_a_few(void **state)
{
    (void)state;
    struct attempt_budget budget;
    int64_t rest;
    unsigned retries = 0;
    attempt_budget_init(&budget);
    for (int i = 0; i < 10000; i++)
        attempt_budget_earn(&budget);
    while (attempt_again(&budget, 1, 0, long_ns, 0, &rest))
        retries++;
    assert_int_equal(retries, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rest_grows_with_the_attempts_and_is_spread_over_its_whole_length),
        cmocka_unit_test(a_time_that_the_upstream_named_is_kept),
        cmocka_unit_test(no_attempt_follows_the_last_one_or_the_deadline),
        cmocka_unit_test(retries_stay_below_a_tenth_of_the_first_attempts),
        cmocka_unit_test(a_quiet_time_saves_up_no_more_than_a_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
