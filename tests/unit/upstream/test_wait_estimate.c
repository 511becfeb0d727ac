/* SPDX-License-Identifier: MIT */
/* Is a coming wait estimated, and forgotten when it is over? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "upstream/wait_estimate.h"

static const int64_t start_ns = 1000 * CLOCK_NS_PER_S;

/* One after the other, as on one connection; returns when the last one ended. */
static int64_t learn(struct wait_estimate *estimate, int64_t took_ns, int times, int64_t now_ns)
{
    for (int i = 0; i < times; i++)
        wait_estimate_learn(estimate, took_ns, now_ns += took_ns);
    return now_ns;
}

static struct wait_estimate learned(int64_t took_ns, int times)
{
    struct wait_estimate estimate = {0};
    learn(&estimate, took_ns, times, start_ns);
    return estimate;
}

static int64_t ms(int64_t ns)
{
    return (ns + CLOCK_NS_PER_MS / 2) / CLOCK_NS_PER_MS;
}

static void nothing_is_foreseen_before_the_first_exchange(void **state)
{
    (void)state;
    struct wait_estimate estimate = {0};
    assert_int_equal(wait_estimate_wait_ns(&estimate, 1000, 1, 1, 0), 0);
    assert_int_equal(wait_estimate_exchange_ns(&estimate), 0);
}

static void a_call_that_finds_a_free_connection_does_not_wait(void **state)
{
    (void)state;
    struct wait_estimate estimate = learned(CLOCK_NS_PER_S, 10);
    assert_int_equal(wait_estimate_wait_ns(&estimate, 0, 4, 4, CLOCK_NS_PER_S), 0);
    assert_int_equal(wait_estimate_wait_ns(&estimate, 3, 4, 4, CLOCK_NS_PER_S), 0);
    assert_true(wait_estimate_wait_ns(&estimate, 4, 4, 4, 0) > 0);
}

static void the_wait_is_that_of_the_exchanges_before_shared_by_the_connections(void **state)
{
    (void)state;
    struct wait_estimate estimate = learned(200 * CLOCK_NS_PER_MS, 10);
    assert_int_equal(ms(wait_estimate_wait_ns(&estimate, 1, 1, 1, 0)), 200);
    assert_int_equal(ms(wait_estimate_wait_ns(&estimate, 5, 1, 1, 0)), 1000);
    assert_int_equal(ms(wait_estimate_wait_ns(&estimate, 4 + 39, 4, 4, 0)), 2000);
    assert_int_equal(ms(wait_estimate_exchange_ns(&estimate)), 200);
}

static void connections_that_growth_can_reach_shorten_the_wait(void **state)
{
    (void)state;
    struct wait_estimate estimate = learned(CLOCK_NS_PER_S, 10);
    assert_int_equal(ms(wait_estimate_wait_ns(&estimate, 8 + 7, 8, 512, 0)), 1000);
    assert_int_equal(ms(wait_estimate_wait_ns(&estimate, 8 + 8 + 15, 8, 512, 0)), 2000);
    assert_int_equal(ms(wait_estimate_wait_ns(&estimate, 8 + 8 + 15, 8, 8, 0)), 3000);
    assert_in_range(ms(wait_estimate_wait_ns(&estimate, 1000, 8, 512, 0)), 6000, 8000);
}

static void a_stall_is_noticed_before_any_exchange_ends(void **state)
{
    (void)state;
    struct wait_estimate estimate = learned(10 * CLOCK_NS_PER_MS, 10), none = {0};
    assert_int_equal(ms(wait_estimate_wait_ns(&estimate, 3, 2, 2, 5 * CLOCK_NS_PER_MS)), 10);
    assert_int_equal(ms(wait_estimate_wait_ns(&estimate, 3, 2, 2, 2010 * CLOCK_NS_PER_MS)), 2010);
    assert_int_equal(ms(wait_estimate_wait_ns(&none, 2, 2, 2, 2 * CLOCK_NS_PER_S)), 2000);
}

static void varying_times_get_a_larger_margin(void **state)
{
    (void)state;
    struct wait_estimate varying = {0};
    int64_t now_ns = start_ns;
    for (int i = 0; i < 100; i++)
        now_ns = learn(&varying, (i % 2 ? 50 : 150) * CLOCK_NS_PER_MS, 1, now_ns);
    assert_in_range(ms(wait_estimate_exchange_ns(&varying)), 150, 250);
}

static void a_stall_that_is_over_does_not_count_as_slow(void **state)
{
    (void)state;
    struct wait_estimate estimate = learned(10 * CLOCK_NS_PER_MS, 100);
    int64_t now_ns = estimate.learned_ns + 300 * CLOCK_NS_PER_MS;
    for (int i = 0; i < 32; i++)
        wait_estimate_learn(&estimate, 300 * CLOCK_NS_PER_MS, now_ns);
    assert_in_range(ms(wait_estimate_wait_ns(&estimate, 32 + 31, 32, 32, 0)), 10, 100);
}

static void a_slow_time_is_known_after_some_seconds(void **state)
{
    (void)state;
    struct wait_estimate estimate = learned(10 * CLOCK_NS_PER_MS, 100);
    learn(&estimate, CLOCK_NS_PER_S, 10, estimate.learned_ns);
    assert_in_range(ms(wait_estimate_wait_ns(&estimate, 1, 1, 1, 0)), 700, 1000);
}

static void a_slow_time_that_is_over_is_forgotten_within_some_dozen_exchanges(void **state)
{
    (void)state;
    struct wait_estimate estimate = learned(30 * CLOCK_NS_PER_S, 100);
    learn(&estimate, CLOCK_NS_PER_MS, 60, estimate.learned_ns);
    assert_in_range(ms(wait_estimate_exchange_ns(&estimate)), 0, 1000);
    assert_in_range(ms(wait_estimate_wait_ns(&estimate, 1, 1, 1, 0)), 0, 100);
}

static void an_exchange_that_was_given_up_only_raises_the_estimate(void **state)
{
    (void)state;
    struct wait_estimate estimate = learned(100 * CLOCK_NS_PER_MS, 10);
    int64_t now_ns = estimate.learned_ns;
    wait_estimate_learn_at_least(&estimate, CLOCK_NS_PER_MS, ++now_ns);
    assert_int_equal(ms(wait_estimate_exchange_ns(&estimate)), 100);
    for (int i = 0; i < 30; i++)
        wait_estimate_learn_at_least(&estimate, CLOCK_NS_PER_S, now_ns += CLOCK_NS_PER_S);
    assert_in_range(ms(wait_estimate_wait_ns(&estimate, 1, 1, 1, 0)), 900, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_foreseen_before_the_first_exchange),
        cmocka_unit_test(a_call_that_finds_a_free_connection_does_not_wait),
        cmocka_unit_test(the_wait_is_that_of_the_exchanges_before_shared_by_the_connections),
        cmocka_unit_test(connections_that_growth_can_reach_shorten_the_wait),
        cmocka_unit_test(a_stall_is_noticed_before_any_exchange_ends),
        cmocka_unit_test(varying_times_get_a_larger_margin),
        cmocka_unit_test(a_stall_that_is_over_does_not_count_as_slow),
        cmocka_unit_test(a_slow_time_is_known_after_some_seconds),
        cmocka_unit_test(a_slow_time_that_is_over_is_forgotten_within_some_dozen_exchanges),
        cmocka_unit_test(an_exchange_that_was_given_up_only_raises_the_estimate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
