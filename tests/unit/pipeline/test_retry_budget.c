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

static void the_delay_grows_with_the_attempts_and_is_spread_over_its_whole_length(void **state)
{
    (void)state;
    for (unsigned made = 1; made < RETRY_MOST_ATTEMPTS; made++) {
        struct retry_budget budget;
        int64_t longest = (50 * CLOCK_NS_PER_MS) << (made - 1), delay;
        retry_budget_init(&budget);
        assert_true(retry_budget_allow(&budget, made, 0, long_ns, 0, &delay));
        assert_int_equal(delay, 0);
        assert_true(retry_budget_allow(&budget, made, 0, long_ns, (uint64_t)longest - 1, &delay));
        assert_int_equal(delay, longest - 1);
    }
}

static void a_time_that_the_upstream_named_is_kept(void **state)
{
    (void)state;
    struct retry_budget budget;
    int64_t delay;
    retry_budget_init(&budget);
    assert_true(retry_budget_allow(&budget, 1, 3 * CLOCK_NS_PER_S, long_ns, 7, &delay));
    assert_int_equal(delay, 3 * CLOCK_NS_PER_S + 7);
}

static void no_attempt_follows_the_last_one_or_the_deadline(void **state)
{
    (void)state;
    struct retry_budget budget;
    int64_t delay = -1;
    retry_budget_init(&budget);
    assert_false(retry_budget_allow(&budget, RETRY_MOST_ATTEMPTS, 0, long_ns, 0, &delay));
    assert_false(retry_budget_allow(&budget, 1, 2 * CLOCK_NS_PER_S, CLOCK_NS_PER_S, 0, &delay));
    assert_false(retry_budget_allow(&budget, 1, 0, 0, 0, &delay));
    assert_int_equal(delay, -1);
}

static void retries_stay_below_a_tenth_of_the_first_attempts(void **state)
{
    (void)state;
    struct retry_budget budget;
    int64_t delay;
    unsigned retries = 0;
    retry_budget_init(&budget);
    for (int i = 0; i < 10000; i++) {
        retry_budget_earn(&budget);
        retries += retry_budget_allow(&budget, 1, 0, long_ns, 0, &delay);
    }
    assert_in_range(retries, 1000, 1010);
}

static void a_quiet_time_saves_up_no_more_than_a_few(void **state)
{
    (void)state;
    struct retry_budget budget;
    int64_t delay;
    unsigned retries = 0;
    retry_budget_init(&budget);
    for (int i = 0; i < 10000; i++)
        retry_budget_earn(&budget);
    while (retry_budget_allow(&budget, 1, 0, long_ns, 0, &delay))
        retries++;
    assert_int_equal(retries, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_delay_grows_with_the_attempts_and_is_spread_over_its_whole_length),
        cmocka_unit_test(a_time_that_the_upstream_named_is_kept),
        cmocka_unit_test(no_attempt_follows_the_last_one_or_the_deadline),
        cmocka_unit_test(retries_stay_below_a_tenth_of_the_first_attempts),
        cmocka_unit_test(a_quiet_time_saves_up_no_more_than_a_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
