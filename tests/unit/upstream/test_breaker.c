/* SPDX-License-Identifier: MIT */
/* Is an unreachable upstream tried at a limited rate, and found again soon? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/breaker.h"

static const int64_t start_ns = 1000 * CLOCK_NS_PER_S;

/* One connect that fails as soon as it may begin; returns the moment. */
static int64_t fail_next(struct breaker *breaker, int64_t now_ns)
{
    now_ns += breaker_wait_ns(breaker, now_ns);
    assert_true(breaker_may_try(breaker, now_ns));
    breaker_failed(breaker, now_ns, now_ns);
    return now_ns;
}

static void as_many_connects_as_are_needed_begin_while_none_fails(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, NULL);
    for (int i = 0; i < 100; i++) {
        assert_true(breaker_may_try(&breaker, start_ns));
        breaker_succeeded(&breaker);
    }
    assert_int_equal(breaker_state(&breaker), BREAKER_CLOSED);
    assert_int_equal(breaker_wait_ns(&breaker, start_ns), 0);
}

static void none_begins_within_the_pause_and_one_after_it(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, NULL);
    fail_next(&breaker, start_ns);
    int64_t end_ns = start_ns + BREAKER_FIRST_PAUSE_NS;
    assert_int_equal(breaker_state(&breaker), BREAKER_OPEN);
    assert_false(breaker_may_try(&breaker, end_ns - 1));
    assert_int_equal(breaker_wait_ns(&breaker, end_ns - 1), 1);
    assert_true(breaker_may_try(&breaker, end_ns));
    assert_int_equal(breaker_state(&breaker), BREAKER_HALF_OPEN);
    assert_false(breaker_may_try(&breaker, end_ns + CLOCK_NS_PER_S));
}

static void the_pause_doubles_up_to_the_longest(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, NULL);
    int64_t now_ns = start_ns, pause_ns = BREAKER_FIRST_PAUSE_NS;
    for (int i = 0; i < 10; i++) {
        now_ns = fail_next(&breaker, now_ns);
        assert_int_equal(breaker_wait_ns(&breaker, now_ns), pause_ns);
        pause_ns =
            pause_ns * 2 < BREAKER_LONGEST_PAUSE_NS ? pause_ns * 2 : BREAKER_LONGEST_PAUSE_NS;
    }
    assert_int_equal(breaker_wait_ns(&breaker, now_ns), BREAKER_LONGEST_PAUSE_NS);
}

static void a_success_closes_it_and_the_next_pause_is_the_first_again(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, NULL);
    int64_t now_ns = fail_next(&breaker, fail_next(&breaker, start_ns));
    now_ns += breaker_wait_ns(&breaker, now_ns);
    assert_true(breaker_may_try(&breaker, now_ns));
    breaker_succeeded(&breaker);
    assert_int_equal(breaker_state(&breaker), BREAKER_CLOSED);
    assert_true(breaker_may_try(&breaker, now_ns));
    breaker_failed(&breaker, now_ns, now_ns);
    assert_int_equal(breaker_wait_ns(&breaker, now_ns), BREAKER_FIRST_PAUSE_NS);
}

static void connects_that_fail_together_count_as_one(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, NULL);
    for (int i = 0; i < 32; i++)
        assert_true(breaker_may_try(&breaker, start_ns));
    for (int i = 0; i < 31; i++)
        breaker_failed(&breaker, start_ns, start_ns + i);
    assert_int_equal(breaker_wait_ns(&breaker, start_ns), BREAKER_FIRST_PAUSE_NS);
    int64_t probe_ns = start_ns + BREAKER_FIRST_PAUSE_NS;
    assert_true(breaker_may_try(&breaker, probe_ns));
    breaker_failed(&breaker, start_ns, probe_ns + 1);
    assert_int_equal(breaker_state(&breaker), BREAKER_HALF_OPEN);
    breaker_failed(&breaker, probe_ns, probe_ns + 2);
    assert_int_equal(breaker_state(&breaker), BREAKER_OPEN);
    assert_int_equal(breaker_wait_ns(&breaker, probe_ns + 2), 2 * BREAKER_FIRST_PAUSE_NS);
}

static void calls_wait_for_any_connect_at_first_and_not_long_for_a_probe(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, NULL);
    assert_true(breaker_allows_wait(&breaker, start_ns, start_ns + 9 * CLOCK_NS_PER_S));
    int64_t now_ns = fail_next(&breaker, start_ns) + BREAKER_FIRST_PAUSE_NS;
    assert_true(breaker_may_try(&breaker, now_ns));
    assert_true(breaker_allows_wait(&breaker, now_ns, now_ns + BREAKER_PATIENCE_NS - 1));
    assert_false(breaker_allows_wait(&breaker, now_ns, now_ns + BREAKER_PATIENCE_NS));
    assert_true(breaker_wait_ns(&breaker, now_ns) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_connects_as_are_needed_begin_while_none_fails),
        cmocka_unit_test(none_begins_within_the_pause_and_one_after_it),
        cmocka_unit_test(the_pause_doubles_up_to_the_longest),
        cmocka_unit_test(a_success_closes_it_and_the_next_pause_is_the_first_again),
        cmocka_unit_test(connects_that_fail_together_count_as_one),
        cmocka_unit_test(calls_wait_for_any_connect_at_first_and_not_long_for_a_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
