/* SPDX-License-Identifier: MIT */
/* Which exchanges may begin, and which would begin too late? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/admission.h"

static struct admission admission_of(size_t running, size_t most)
{
    struct admission admission;
    admission_init(&admission, CONCURRENCY_LIMIT_FIRST, most);
    for (size_t i = 0; i < running; i++)
        admission_began(&admission, 1);
    return admission;
}

static void an_exchange_that_hangs_gives_its_place_to_another(void **state)
{
    (void)state;
    struct admission admission = admission_of(CONCURRENCY_LIMIT_FIRST, 512);
    assert_int_equal(admission_room(&admission), 0);
    admission_lapsed(&admission, 1, CLOCK_NS_PER_S);
    assert_int_equal(admission_room(&admission), 1);
    admission_ended(&admission, EXCHANGE_MISSED, true, 1, 2 * CLOCK_NS_PER_S);
    assert_int_equal(admission_room(&admission), 1);
    assert_int_equal(admission.hung, 0);
}

static void exchanges_that_hang_leave_room_up_to_the_most_connections(void **state)
{
    (void)state;
    struct admission admission = admission_of(CONCURRENCY_LIMIT_FIRST, 10);
    for (size_t i = 0; i < CONCURRENCY_LIMIT_FIRST; i++)
        admission_lapsed(&admission, 1, CLOCK_NS_PER_S);
    assert_int_equal(admission_room(&admission), 2);
}

static void an_exchange_that_broke_leaves_the_limit_as_it_is(void **state)
{
    (void)state;
    struct admission admission = admission_of(CONCURRENCY_LIMIT_FIRST, 512);
    for (size_t i = 0; i < CONCURRENCY_LIMIT_FIRST; i++)
        admission_ended(&admission, EXCHANGE_BROKE, false, 1, 2);
    assert_int_equal(admission_room(&admission), CONCURRENCY_LIMIT_FIRST);
    assert_true(admission.limit.usual_ns == 0);
}

static void nothing_is_refused_before_the_first_exchange_has_ended(void **state)
{
    (void)state;
    struct admission admission = admission_of(CONCURRENCY_LIMIT_FIRST, 512);
    int64_t wait_ns = admission_wait_ns(&admission, 10000, CONCURRENCY_LIMIT_FIRST, 1);
    assert_true(admission_is_in_time(&admission, wait_ns, CLOCK_NS_PER_S));
}

static void a_call_is_in_time_when_its_turn_and_its_exchange_are(void **state)
{
    (void)state;
    struct admission admission = admission_of(1, 1);
    admission_ended(&admission, EXCHANGE_RESPONDED, false, 1, CLOCK_NS_PER_S + 1);
    admission_began(&admission, CLOCK_NS_PER_S + 1);
    int64_t wait_ns = admission_wait_ns(&admission, 1, 1, CLOCK_NS_PER_S + 1);
    assert_int_equal(wait_ns, 2 * CLOCK_NS_PER_S);
    assert_false(admission_is_in_time(&admission, wait_ns, 3 * CLOCK_NS_PER_S));
    assert_true(admission_is_in_time(&admission, wait_ns, 4 * CLOCK_NS_PER_S));
    assert_false(admission_has_time(&admission, CLOCK_NS_PER_S / 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exchange_that_hangs_gives_its_place_to_another),
        cmocka_unit_test(exchanges_that_hang_leave_room_up_to_the_most_connections),
        cmocka_unit_test(an_exchange_that_broke_leaves_the_limit_as_it_is),
        cmocka_unit_test(nothing_is_refused_before_the_first_exchange_has_ended),
        cmocka_unit_test(a_call_is_in_time_when_its_turn_and_its_exchange_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
