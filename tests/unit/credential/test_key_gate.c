/* SPDX-License-Identifier: MIT */
/* Can no number of calls lock an access key, and does a good key let all of them out? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/key_gate.h"

#include "base/banned.h"

static void a_confirmed_key_lets_every_request_out(void **state)
{
    (void)state;
    struct key_gate gate;
    key_gate_init(&gate, true);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(key_gate_enter(&gate, 0), KEY_GATE_PASS);
}

static void an_unconfirmed_key_lets_one_request_out_at_a_time(void **state)
{
    (void)state;
    struct key_gate gate;
    key_gate_init(&gate, false);
    assert_int_equal(key_gate_enter(&gate, 0), KEY_GATE_PROBE);
    assert_int_equal(key_gate_enter(&gate, 0), KEY_GATE_WAIT);
    key_gate_leave(&gate);
    assert_int_equal(key_gate_enter(&gate, 0), KEY_GATE_PROBE);
    key_gate_leave(&gate);
    key_gate_confirm(&gate);
    assert_int_equal(key_gate_enter(&gate, 0), KEY_GATE_PASS);
}

static void a_request_that_hangs_keeps_the_next_ones_for_a_second(void **state)
{
    (void)state;
    struct key_gate gate;
    int64_t now_ns = 0;
    key_gate_init(&gate, false);
    assert_int_equal(key_gate_wait_ends_ns(&gate), INT64_MIN);
    for (unsigned out = 1; out <= KEY_GATE_MOST_PROBES; out++) {
        assert_int_equal(key_gate_enter(&gate, now_ns), KEY_GATE_PROBE);
        int64_t ends_ns = key_gate_wait_ends_ns(&gate);
        assert_int_equal(ends_ns,
                         out < KEY_GATE_MOST_PROBES ? now_ns + KEY_GATE_PATIENCE_NS : INT64_MAX);
        now_ns = ends_ns - 1;
        assert_int_equal(key_gate_enter(&gate, now_ns), KEY_GATE_WAIT);
        now_ns++;
    }
    key_gate_leave(&gate);
    key_gate_confirm(&gate);
    assert_int_equal(key_gate_enter(&gate, 0), KEY_GATE_PASS);
}

static void a_wrong_key_goes_out_at_most_four_times_also_when_refusals_are_late(void **state)
{
    (void)state;
    struct key_gate gate;
    unsigned sent = 0;
    int64_t refused_ns[8];
    key_gate_init(&gate, false);
    for (int64_t now_ns = 0; now_ns < 300 * CLOCK_NS_PER_S; now_ns += CLOCK_NS_PER_S) {
        for (unsigned i = 0; i < sent; i++)
            if (refused_ns[i] == now_ns) {
                key_gate_leave(&gate);
                key_gate_doubt(&gate, now_ns, KEY_GATE_PROBE_NS);
            }
        if (key_gate_enter(&gate, now_ns) == KEY_GATE_PROBE)
            refused_ns[sent++] = now_ns + 10 * CLOCK_NS_PER_S;
        assert_in_range(sent, 1, 4);
    }
}

/* The vendor locks a key after more than five failures in a row. */
static void a_wrong_key_goes_out_at_most_four_times_in_five_minutes(void **state)
{
    (void)state;
    struct key_gate gate;
    unsigned sent = 0;
    key_gate_init(&gate, false);
    for (int64_t now_ns = 0; now_ns < 300 * CLOCK_NS_PER_S; now_ns += CLOCK_NS_PER_S) {
        if (key_gate_enter(&gate, now_ns) != KEY_GATE_PROBE)
            continue;
        sent++;
        key_gate_leave(&gate);
        key_gate_doubt(&gate, now_ns, KEY_GATE_PROBE_NS);
    }
    assert_int_equal(sent, 4);
}

static void a_probe_whose_response_is_lost_counts_as_a_try(void **state)
{
    (void)state;
    struct key_gate gate;
    key_gate_init(&gate, false);
    key_gate_doubt(&gate, 0, KEY_GATE_PROBE_NS);
    assert_int_equal(key_gate_enter(&gate, KEY_GATE_PROBE_NS), KEY_GATE_PROBE);
    key_gate_leave(&gate);
    assert_int_equal(key_gate_enter(&gate, KEY_GATE_PROBE_NS + 1), KEY_GATE_CLOSED);
    assert_int_equal(key_gate_enter(&gate, 2 * KEY_GATE_PROBE_NS), KEY_GATE_PROBE);
}

static void a_probe_that_succeeds_opens_the_gate(void **state)
{
    (void)state;
    struct key_gate gate;
    key_gate_init(&gate, true);
    key_gate_doubt(&gate, 0, KEY_GATE_LOCK_NS);
    assert_false(key_gate_may_enter(&gate, KEY_GATE_LOCK_NS - 1));
    assert_int_equal(key_gate_enter(&gate, KEY_GATE_LOCK_NS), KEY_GATE_PROBE);
    assert_int_equal(key_gate_enter(&gate, KEY_GATE_LOCK_NS), KEY_GATE_CLOSED);
    key_gate_leave(&gate);
    key_gate_confirm(&gate);
    assert_int_equal(key_gate_enter(&gate, KEY_GATE_LOCK_NS), KEY_GATE_PASS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confirmed_key_lets_every_request_out),
        cmocka_unit_test(an_unconfirmed_key_lets_one_request_out_at_a_time),
        cmocka_unit_test(a_request_that_hangs_keeps_the_next_ones_for_a_second),
        cmocka_unit_test(a_wrong_key_goes_out_at_most_four_times_in_five_minutes),
        cmocka_unit_test(a_wrong_key_goes_out_at_most_four_times_also_when_refusals_are_late),
        cmocka_unit_test(a_probe_whose_response_is_lost_counts_as_a_try),
        cmocka_unit_test(a_probe_that_succeeds_opens_the_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
