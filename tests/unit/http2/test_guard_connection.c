/* SPDX-License-Identifier: MIT */
/* Does the guard keep what belongs to the connection: settings, windows, pings, its end? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http2_peers.h"

#include "base/banned.h"

static void a_refused_stream_is_dropped_and_calls_under_way_go_on(void **state)
{
    struct peers *peers = *state;
    uint32_t last;
    caller_calls(peers, 1);
    guard_announce_end(peers->guard, &peers->outputs);
    core_sends(peers);
    assert_true(got_goaway(peers, HTTP2_NO_ERROR, &last));
    assert_int_equal(last, STREAM_ID_LIMIT);
    caller_calls(peers, 3);
    assert_true(peers->streams[3].ended);
    guard_refuse_streams(peers->guard, &peers->outputs);
    caller_calls(peers, 5);
    assert_false(peers->streams[5].opened);
    assert_true(got_reset(peers, 5, HTTP2_REFUSED_STREAM));
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHING);
    core_responds(peers, 1);
    core_responds(peers, 3);
    assert_int_equal(got_status(peers, 1), 0);
    assert_int_equal(got_status(peers, 3), 0);
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHED);
}

static void frames_of_core_on_an_ended_stream_are_dropped_and_credited(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    caller_calls(peers, 1);
    put_frame(&bytes, FRAME_WINDOW_UPDATE, 0, 1, text_literal("\0\0\0\0"));
    guard_from_caller(peers->guard, bytes.data, bytes.size, peers->now_ns, &peers->outputs);
    output_clear(&bytes);
    /* C-core has answered before it reads that the stream is reset. */
    struct guard_outputs held = peers->outputs;
    peers->outputs = (struct guard_outputs){0};
    core_responds(peers, 1);
    assert_int_equal(peers->to_core.data[peers->to_core.size - 1], 7);
    output_clear(&peers->outputs.to_core);
    output_clear(&peers->outputs.to_caller);
    peers->outputs = held;
    core_sends(peers);
    assert_int_equal(got_status(peers, 1), -1);
    assert_true(got_reset(peers, 1, HTTP2_PROTOCOL_ERROR));
    /* The update of the table's size was in the block that was dropped. */
    caller_calls(peers, 3);
    core_responds(peers, 3);
    assert_int_equal(got_status(peers, 3), 0);
    struct frame frame;
    size_t index = 0;
    while (caller_got(peers, index, &frame) && frame.type != FRAME_HEADERS)
        index++;
    assert_int_equal(frame.payload[0], 0x20);
}

static void a_goaway_of_cores_is_passed_and_streams_above_it_end(void **state)
{
    struct peers *peers = *state;
    uint32_t last;
    caller_calls(peers, 1);
    caller_calls(peers, 3);
    nghttp2_submit_goaway(peers->core, 0, 1, NGHTTP2_NO_ERROR, NULL, 0);
    core_sends(peers);
    assert_true(got_goaway(peers, HTTP2_NO_ERROR, &last));
    assert_int_equal(last, 1);
    assert_int_equal(guard_open_streams(peers->guard), 1);
    core_responds(peers, 1);
    assert_int_equal(got_status(peers, 1), 0);
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHED);
}

static void excess_ends_the_connection_when_its_calls_have_ended(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    uint32_t last;
    caller_calls(peers, 1);
    guard_end_excess(peers->guard, &peers->outputs);
    put_request(&bytes, 3, 0);
    caller_sends(peers, &bytes);
    assert_true(got_goaway(peers, HTTP2_ENHANCE_YOUR_CALM, &last));
    assert_int_equal(last, 1);
    assert_string_equal(guard_error(peers->guard), "ENHANCE_YOUR_CALM");
    assert_false(peers->streams[3].opened);
    core_responds(peers, 1);
    assert_int_equal(got_status(peers, 1), 0);
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHED);
}

static void a_ping_of_cores_is_passed_with_its_acknowledgement(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    size_t before = peers->to_core.size;
    nghttp2_submit_ping(peers->core, 0, (const uint8_t *)"12345678");
    core_sends(peers);
    assert_int_equal(count_got(peers, FRAME_PING, 0), 1);
    put_frame(&bytes, FRAME_PING, FLAG_ACK, 0, text_literal("12345678"));
    put_frame(&bytes, FRAME_PING, FLAG_ACK, 0, text_literal("12345678"));
    caller_sends(peers, &bytes);
    assert_int_equal(peers->to_core.size - before, 9 + 8);
}

static void a_window_of_cores_is_passed_and_kept(void **state)
{
    struct peers *peers = *state;
    nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100};
    nghttp2_submit_settings(peers->core, 0, &entry, 1);
    core_sends(peers);
    struct output bytes = {0};
    static const char zeros[101];
    /* Until the caller has acknowledged it, it may go by the window before. */
    put_request(&bytes, 1, 0);
    put_message(&bytes, 1, 0, (struct text){zeros, sizeof zeros});
    caller_sends(peers, &bytes);
    assert_int_equal(count_got(peers, FRAME_RST_STREAM, 1), 0);
    put_frame(&bytes, FRAME_SETTINGS, FLAG_ACK, 0, text_literal(""));
    put_request(&bytes, 3, 0);
    put_message(&bytes, 3, 0, (struct text){zeros, sizeof zeros});
    caller_sends(peers, &bytes);
    assert_true(got_reset(peers, 3, HTTP2_FLOW_CONTROL_ERROR));
}

static void memory_grows_only_with_what_has_to_be_kept(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    size_t idle = guard_memory(peers->guard);
    assert_in_range(idle, 1000, 6000);
    static const uint8_t head[] = {0, 0x40, 0, FRAME_HEADERS, 0, 0, 0, 0, 1};
    output_add(&bytes, head, sizeof head);
    output_add(&bytes, (const char[1000]){0}, 1000);
    caller_sends(peers, &bytes);
    assert_in_range(guard_memory(peers->guard), idle + 1000, idle + 2048);
}

static void the_guards_settings_are_the_first_frame(void **state)
{
    struct peers *peers = *state;
    struct frame frame;
    assert_true(caller_got(peers, 0, &frame));
    assert_int_equal(frame.type, FRAME_SETTINGS);
    assert_int_equal(frame.flags, 0);
    static const uint8_t expected[] = {0, 1, 0, 0, 0x10, 0, 0, 3, 0, 0, 3,    0xe8,
                                       0, 5, 0, 0, 0x40, 0, 0, 6, 0, 0, 0x40, 0};
    assert_int_equal(frame.size, sizeof expected);
    assert_memory_equal(frame.payload, expected, sizeof expected);
}

static void only_the_acknowledgement_of_cores_settings_is_passed(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    peers_restart(peers);
    put_preface(&bytes);
    caller_sends(peers, &bytes);
    put_frame(&bytes, FRAME_SETTINGS, FLAG_ACK, 0, text_literal(""));
    caller_sends(peers, &bytes);
    assert_int_equal(count_passed(peers, FRAME_SETTINGS, FLAG_ACK), 0);
    put_frame(&bytes, FRAME_SETTINGS, FLAG_ACK, 0, text_literal(""));
    put_frame(&bytes, FRAME_SETTINGS, FLAG_ACK, 0, text_literal(""));
    caller_sends(peers, &bytes);
    assert_int_equal(count_passed(peers, FRAME_SETTINGS, FLAG_ACK), 1);
}

static void bytes_that_core_does_not_get_are_credited_to_the_caller(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    size_t before = got_credit(peers, 0);
    put_request(&bytes, 1, 0);
    put_frame(&bytes, FRAME_DATA, FLAG_PADDED, 1, text_literal("\3\0\0\0\0\6\0\0\0"));
    caller_sends(peers, &bytes);
    assert_int_equal(got_credit(peers, 0) - before, 4);
    assert_int_equal(got_credit(peers, 1), 4);
    put_frame(&bytes, FRAME_DATA, 0, 1, text_literal("create"));
    put_frame(&bytes, FRAME_RST_STREAM, 0, 1, text_literal("\0\0\0\10"));
    caller_sends(peers, &bytes);
    assert_int_equal(got_credit(peers, 0) - before, 4 + 1); /* the byte that was held */
    put_request(&bytes, 3, 0);
    put_frame(&bytes, FRAME_DATA, 0, 3, text_literal("\7xyz"));
    put_frame(&bytes, FRAME_DATA, 0, 3, text_literal("late"));
    caller_sends(peers, &bytes);
    assert_int_equal(got_credit(peers, 0) - before, 4 + 1 + 4 + 4);
    assert_int_equal(got_credit(peers, 3), 0);
}

/* GOAWAY ends the connection at once when nothing is under way. */
static void a_connection_error_closes_a_connection_without_calls(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    uint32_t last;
    put_frame(&bytes, FRAME_PING, 0, 3, text_literal("12345678"));
    put_request(&bytes, 1, FLAG_END_STREAM);
    caller_sends(peers, &bytes);
    assert_true(got_goaway(peers, HTTP2_PROTOCOL_ERROR, &last));
    assert_int_equal(last, 0);
    assert_false(peers->streams[1].opened);
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHED);
}

static void after_a_connection_error_a_call_under_way_gets_the_rest_of_its_message(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    uint32_t last;
    put_request(&bytes, 1, 0);
    put_frame(&bytes, FRAME_DATA, 0, 1, text_literal("\0\0\0\0\6cre"));
    put_frame(&bytes, FRAME_PING, 0, 3, text_literal("12345678"));
    put_request(&bytes, 3, FLAG_END_STREAM);
    put_frame(&bytes, FRAME_DATA, FLAG_END_STREAM, 1, text_literal("ate"));
    caller_sends(peers, &bytes);
    assert_true(got_goaway(peers, HTTP2_PROTOCOL_ERROR, &last));
    assert_int_equal(last, 1);
    assert_true(peers->streams[1].ended);
    assert_memory_equal(peers->streams[1].data.data, "\0\0\0\0\6create", 11);
    nghttp2_submit_goaway(peers->core, 0, 1, NGHTTP2_NO_ERROR, NULL, 0);
    core_responds(peers, 1);
    assert_int_equal(got_status(peers, 1), 0);
    assert_int_equal(count_got(peers, FRAME_GOAWAY, 0), 1);
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHED);
}

static void a_header_block_that_does_not_come_in_time_ends_the_connection(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    uint32_t last;
    caller_calls(peers, 1);
    put_frame(&bytes, FRAME_HEADERS, 0, 3, text_literal(""));
    caller_sends(peers, &bytes);
    guard_tick(peers->guard, 31 * FRAME_BUDGET_SECOND, &peers->outputs);
    assert_int_equal(guard_state(peers->guard), GUARD_OPEN);
    guard_tick(peers->guard, 32 * FRAME_BUDGET_SECOND, &peers->outputs);
    core_sends(peers);
    assert_true(got_goaway(peers, HTTP2_ENHANCE_YOUR_CALM, &last));
    assert_int_equal(last, 1);
    core_responds(peers, 1);
    assert_int_equal(got_status(peers, 1), 0);
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHED);
}

static void a_peer_that_does_not_speak_http2_gets_no_byte(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    peers_restart(peers);
    output_add(&bytes, "GET / HTTP/1.1\r\n\r\n", 18);
    guard_from_caller(peers->guard, bytes.data, bytes.size, peers->now_ns, &peers->outputs);
    output_clear(&bytes);
    assert_int_equal(peers->outputs.to_caller.size, 0);
    assert_int_equal(peers->outputs.to_core.size, 0);
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHED);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        test(a_refused_stream_is_dropped_and_calls_under_way_go_on),
        test(frames_of_core_on_an_ended_stream_are_dropped_and_credited),
        test(a_goaway_of_cores_is_passed_and_streams_above_it_end),
        test(excess_ends_the_connection_when_its_calls_have_ended),
        test(a_ping_of_cores_is_passed_with_its_acknowledgement),
        test(a_window_of_cores_is_passed_and_kept),
        test(memory_grows_only_with_what_has_to_be_kept),
        test(the_guards_settings_are_the_first_frame),
        test(only_the_acknowledgement_of_cores_settings_is_passed),
        test(bytes_that_core_does_not_get_are_credited_to_the_caller),
        test(a_connection_error_closes_a_connection_without_calls),
        test(after_a_connection_error_a_call_under_way_gets_the_rest_of_its_message),
        test(a_header_block_that_does_not_come_in_time_ends_the_connection),
        test(a_peer_that_does_not_speak_http2_gets_no_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
