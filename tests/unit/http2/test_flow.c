/* SPDX-License-Identifier: MIT */
/* Are windows kept as RFC 9113 sections 5.2 and 6.9 say? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http2/flow.h"

#include "base/banned.h"

static void a_caller_may_send_what_it_was_granted_and_no_more(void **state)
{
    (void)state;
    struct flow flow;
    struct stream stream = {.id = 1};
    flow_init(&flow);
    flow_grant(&flow, NULL, 100000);
    assert_int_equal(flow_receive(&flow, &stream, 65535), FLOW_OK);
    assert_int_equal(flow_receive(&flow, &stream, 1), FLOW_STREAM_ERROR);
    flow_grant(&flow, &stream, 10);
    assert_int_equal(flow_receive(&flow, &stream, 10), FLOW_OK);
    assert_int_equal(flow_receive(&flow, NULL, 100000 - 11), FLOW_OK);
    assert_int_equal(flow_receive(&flow, NULL, 1), FLOW_CONNECTION_ERROR);
}

static void a_larger_initial_window_holds_at_once_and_a_smaller_when_acknowledged(void **state)
{
    (void)state;
    struct flow flow;
    flow_init(&flow);
    flow_announce(&flow, 100000);
    assert_int_equal(flow.initial_receive, 100000);
    flow_announce(&flow, 10);
    assert_int_equal(flow.initial_receive, 100000);
    assert_true(flow_acknowledge(&flow));
    assert_int_equal(flow.initial_receive, 100000);
    assert_true(flow_acknowledge(&flow));
    assert_int_equal(flow.initial_receive, 10);
    assert_false(flow_acknowledge(&flow));
}

static void settings_that_are_not_acknowledged_never_make_the_window_smaller(void **state)
{
    (void)state;
    struct flow flow;
    flow_init(&flow);
    for (uint32_t i = 0; i < 3 * WAITING_SETTINGS; i++)
        flow_announce(&flow, i);
    assert_int_equal(flow.initial_receive, INITIAL_WINDOW);
    assert_true(flow_acknowledge(&flow));
    assert_int_equal(flow.initial_receive, 3 * WAITING_SETTINGS - 1);
}

static void no_window_passes_the_limit(void **state)
{
    (void)state;
    struct flow flow;
    struct stream stream = {.id = 1};
    flow_init(&flow);
    assert_int_equal(flow_enlarge(&flow, &stream, WINDOW_LIMIT - INITIAL_WINDOW), FLOW_OK);
    assert_int_equal(flow_enlarge(&flow, &stream, 1), FLOW_STREAM_ERROR);
    flow_sent(&flow, &stream, 1);
    assert_int_equal(flow_enlarge(&flow, &stream, 1), FLOW_OK);
    assert_int_equal(flow_enlarge(&flow, NULL, WINDOW_LIMIT - INITIAL_WINDOW + 1), FLOW_OK);
    assert_int_equal(flow_enlarge(&flow, NULL, 1), FLOW_CONNECTION_ERROR);
}

static void an_initial_window_that_makes_a_streams_too_large_is_an_error(void **state)
{
    (void)state;
    struct flow flow;
    struct stream_table streams = {0};
    flow_init(&flow);
    struct stream *stream = stream_table_add(&streams, 1);
    assert_int_equal(flow_enlarge(&flow, stream, 100), FLOW_OK);
    assert_true(flow_set_send(&flow, &streams, WINDOW_LIMIT - 100));
    assert_false(flow_set_send(&flow, &streams, WINDOW_LIMIT - 99));
    flow_sent(&flow, stream, 1);
    assert_true(flow_set_send(&flow, &streams, WINDOW_LIMIT - 99));
    /* It may become negative (section 6.9.2). */
    flow_sent(&flow, stream, 1000);
    assert_true(flow_set_send(&flow, &streams, 0));
    assert_int_equal(flow_enlarge(&flow, stream, 2000), FLOW_OK);
    stream_table_clear(&streams);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_may_send_what_it_was_granted_and_no_more),
        cmocka_unit_test(a_larger_initial_window_holds_at_once_and_a_smaller_when_acknowledged),
        cmocka_unit_test(settings_that_are_not_acknowledged_never_make_the_window_smaller),
        cmocka_unit_test(no_window_passes_the_limit),
        cmocka_unit_test(an_initial_window_that_makes_a_streams_too_large_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
