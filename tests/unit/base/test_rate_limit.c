/* SPDX-License-Identifier: MIT */
/* Does the limit allow a burst, the even rate, and a burst after a pause? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rate_limit.h"

#include "base/banned.h"

#define EACH 100
#define BURST 3
#define LATER INT64_C(1000000)

static int taken_at(struct rate_limit *rate, int64_t now, int times)
{
    int taken = 0;
    for (int i = 0; i < times; i++)
        taken += rate_limit_take(rate, now, EACH, BURST);
    return taken;
}

static void a_burst_may_happen_and_no_more(void **state)
{
    (void)state;
    struct rate_limit rate = {0};
    assert_int_equal(taken_at(&rate, LATER, 10), BURST);
}

static void afterwards_it_may_happen_once_in_a_while(void **state)
{
    (void)state;
    struct rate_limit rate = {0};
    assert_int_equal(taken_at(&rate, LATER, 10), BURST);
    assert_int_equal(taken_at(&rate, LATER + EACH - 1, 10), 0);
    assert_int_equal(taken_at(&rate, LATER + EACH, 10), 1);
    assert_int_equal(taken_at(&rate, LATER + 3 * EACH, 10), 2);
}

static void a_burst_may_happen_again_after_a_pause(void **state)
{
    (void)state;
    struct rate_limit rate = {0};
    assert_int_equal(taken_at(&rate, LATER, 10), BURST);
    assert_int_equal(taken_at(&rate, 2 * LATER, 10), BURST);
}

static int64_t spend_at(struct rate_limit *rate, int64_t now, int64_t events)
{
    return rate_limit_spend(rate, now, events * EACH, BURST * EACH, 10 * EACH);
}

static void events_above_the_rate_are_a_debt_that_time_pays(void **state)
{
    (void)state;
    struct rate_limit rate = {0};
    assert_int_equal(spend_at(&rate, LATER, BURST), 0);
    assert_false(rate_limit_is_spent(&rate, LATER, BURST * EACH));
    assert_int_equal(spend_at(&rate, LATER, 4), 4 * EACH);
    assert_true(rate_limit_is_spent(&rate, LATER + 4 * EACH - 1, BURST * EACH));
    assert_false(rate_limit_is_spent(&rate, LATER + 4 * EACH, BURST * EACH));
    assert_true(rate_limit_is_spent(&rate, LATER + 4 * EACH, 0));
}

static void a_debt_has_a_bound(void **state)
{
    (void)state;
    struct rate_limit rate = {0};
    assert_int_equal(spend_at(&rate, LATER, 1000), 10 * EACH);
    assert_int_equal(spend_at(&rate, LATER, 1000), 10 * EACH);
    assert_int_equal(spend_at(&rate, LATER + 10 * EACH, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_may_happen_and_no_more),
        cmocka_unit_test(afterwards_it_may_happen_once_in_a_while),
        cmocka_unit_test(a_burst_may_happen_again_after_a_pause),
        cmocka_unit_test(events_above_the_rate_are_a_debt_that_time_pays),
        cmocka_unit_test(a_debt_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
