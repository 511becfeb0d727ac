/* SPDX-License-Identifier: MIT */
/* Is a state reported once when it begins and once when it has ended for good? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/load_state.h"

#define S CLOCK_NS_PER_S

static void a_state_begins_when_it_is_seen_and_is_reported_once(void **state)
{
    (void)state;
    struct load_state load = {.lasts = false};
    assert_false(load_state_changed(&load, false, S));
    assert_true(load_state_changed(&load, true, 2 * S));
    assert_true(load.lasts);
    assert_false(load_state_changed(&load, true, 3 * S));
}

static void a_state_ends_when_it_was_not_seen_for_a_while(void **state)
{
    (void)state;
    struct load_state load = {.lasts = false};
    assert_true(load_state_changed(&load, true, S));
    assert_false(load_state_changed(&load, false, S + LOAD_STATE_HOLD_NS - 1));
    assert_true(load_state_changed(&load, false, S + LOAD_STATE_HOLD_NS));
    assert_false(load.lasts);
}

static void a_state_that_comes_and_goes_is_one_state(void **state)
{
    (void)state;
    struct load_state load = {.lasts = false};
    assert_true(load_state_changed(&load, true, 0));
    for (int64_t second = 1; second < 1000; second++)
        assert_false(load_state_changed(&load, second % 9 == 0, second * S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_begins_when_it_is_seen_and_is_reported_once),
        cmocka_unit_test(a_state_ends_when_it_was_not_seen_for_a_while),
        cmocka_unit_test(a_state_that_comes_and_goes_is_one_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
