/* SPDX-License-Identifier: MIT */
/* Are floods bounded: streams, resets, frames that carry nothing, header blocks without end? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http2_peers.h"

#include "base/banned.h"

static void streams_above_the_limit_are_refused(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    for (uint32_t i = 0; i < 1100; i++)
        put_request(&bytes, 2 * i + 1, 0);
    caller_sends(peers, &bytes);
    assert_int_equal(guard_open_streams(peers->guard), 1000);
    assert_int_equal(guard_counts(peers->guard).opened, 1100);
    assert_int_equal(guard_counts(peers->guard).refused, 100);
    assert_true(got_reset(peers, 2 * 1000 + 1, HTTP2_REFUSED_STREAM));
    core_responds(peers, 1);
    assert_int_equal(got_status(peers, 1), 0);
}

static void streams_that_are_reset_are_counted(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    caller_calls(peers, 1);
    for (uint32_t i = 1; i <= 1900; i++) {
        put_request(&bytes, 2 * i + 1, 0);
        put_frame(&bytes, FRAME_RST_STREAM, 0, 2 * i + 1, text_literal("\0\0\0\10"));
    }
    caller_sends(peers, &bytes);
    assert_int_equal(guard_counts(peers->guard).reset, 1900);
    assert_int_equal(guard_open_streams(peers->guard), 1);
    core_responds(peers, 1);
    assert_int_equal(got_status(peers, 1), 0);
}

static void send_times(struct peers *peers, size_t times, uint8_t type, uint32_t stream,
                       struct text payload)
{
    struct output bytes = {0};
    for (size_t i = 0; i < times; i++)
        put_frame(&bytes, type, 0, stream, payload);
    caller_sends(peers, &bytes);
}

static bool is_paused(const struct peers *peers)
{
    return guard_paused_until(peers->guard) > peers->now_ns;
}

static const struct {
    uint8_t type;
    uint32_t stream;
    struct text payload;
} idle_frames[] = {
    {FRAME_DATA, 1, {"", 0}},
    {0x42, 0, {"unknown", 7}},
    {FRAME_PING, 0, {"12345678", 8}},
    {FRAME_SETTINGS, 0, {"", 0}},
    {FRAME_WINDOW_UPDATE, 0, {"\0\0\0\1", 4}},
    {FRAME_PRIORITY, 1, {"\0\0\0\0\0", 5}},
};

static void each_kind_of_idle_frame_pauses_reading_above_its_rate(void **state)
{
    struct peers *peers = *state;
    for (size_t i = 0; i < array_length(idle_frames); i++) {
        struct output bytes = {0};
        peers_restart(peers);
        caller_connects(peers);
        put_request(&bytes, 1, 0);
        caller_sends(peers, &bytes);
        send_times(peers, 990, idle_frames[i].type, idle_frames[i].stream, idle_frames[i].payload);
        assert_false(is_paused(peers));
        send_times(peers, 30, idle_frames[i].type, idle_frames[i].stream, idle_frames[i].payload);
        assert_true(is_paused(peers));
        assert_in_range(guard_paused_until(peers->guard) - peers->now_ns, 1, FRAME_BUDGET_SECOND);
    }
}

static void a_second_later_as_many_may_come_again(void **state)
{
    struct peers *peers = *state;
    send_times(peers, 2000, FRAME_PING, 0, text_literal("12345678"));
    assert_true(is_paused(peers));
    peers->now_ns += FRAME_BUDGET_SECOND;
    send_times(peers, 999, FRAME_PING, 0, text_literal("12345678"));
    assert_false(is_paused(peers));
}

static void streams_earn_idle_frames(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    for (uint32_t i = 0; i < 100; i++)
        put_request(&bytes, 2 * i + 1, 0);
    caller_sends(peers, &bytes);
    send_times(peers, 1900, FRAME_PING, 0, text_literal("12345678"));
    assert_false(is_paused(peers));
}

static void ten_times_the_rate_ends_the_connection(void **state)
{
    struct peers *peers = *state;
    uint32_t last;
    caller_calls(peers, 1);
    send_times(peers, 11000, FRAME_PING, 0, text_literal("12345678"));
    assert_true(got_goaway(peers, HTTP2_ENHANCE_YOUR_CALM, &last));
    assert_int_equal(last, 1);
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHING);
    core_responds(peers, 1);
    assert_int_equal(got_status(peers, 1), 0);
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHED);
}

static void a_flood_that_goes_on_after_that_closes_the_connection(void **state)
{
    struct peers *peers = *state;
    caller_calls(peers, 1);
    send_times(peers, 22000, FRAME_PING, 0, text_literal("12345678"));
    assert_int_equal(guard_state(peers->guard), GUARD_FINISHED);
}

static void small_data_that_goes_on_is_bounded(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    put_request(&bytes, 1, 0);
    put_frame(&bytes, FRAME_DATA, 0, 1, text_literal("\0\0\0\xff\xff"));
    caller_sends(peers, &bytes);
    send_times(peers, 1100, FRAME_DATA, 1, text_literal("x"));
    assert_true(is_paused(peers));
}

/* One-byte references to a field of 4 KB. */
static void put_reference_bomb(struct output *bytes, size_t references)
{
    static char value[3900];
    static char block[60000];
    struct output first = {0};
    memset(value, 'v', sizeof value - 1);
    *output_extend(&first, 1) = 0x40;
    struct output literal = {0};
    write_fields(&literal, &(struct field){"x", value}, 1);
    output_add(&first, literal.data + 1, literal.size - 1);
    output_clear(&literal);
    put_frame(bytes, FRAME_HEADERS, 0, 1, (struct text){(char *)first.data, first.size});
    output_clear(&first);
    memset(block, 0xbe, references);
    put_frame(bytes, FRAME_CONTINUATION, FLAG_END_HEADERS, 1, (struct text){block, references});
}

static void a_block_that_expands_is_not_kept(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    put_reference_bomb(&bytes, 16000);
    guard_from_caller(peers->guard, bytes.data, bytes.size, peers->now_ns, &peers->outputs);
    output_clear(&bytes);
    assert_true(peers->outputs.to_core.room < 65536);
    core_sends(peers);
    assert_false(peers->streams[1].opened);
    assert_true(guard_memory(peers->guard) < 12000);
    caller_calls(peers, 3);
    assert_true(peers->streams[3].ended);
}

static void a_block_without_end_ends_the_connection(void **state)
{
    struct peers *peers = *state;
    uint32_t last;
    struct output bytes = {0};
    put_frame(&bytes, FRAME_HEADERS, 0, 1, text_literal("\0"));
    for (int i = 0; i < 9; i++)
        put_frame(&bytes, FRAME_CONTINUATION, 0, 1, text_literal(""));
    caller_sends(peers, &bytes);
    assert_true(got_goaway(peers, HTTP2_ENHANCE_YOUR_CALM, &last));
}

static void metadata_above_the_bound_fails_its_call_only(void **state)
{
    static char value[17000];
    struct peers *peers = *state;
    struct output bytes = {0};
    memset(value, 'v', sizeof value - 1);
    struct output block = {0};
    write_fields(&block, usual_request, usual_request_count);
    write_fields(&block, &(struct field){"x", value}, 1);
    put_frame(&bytes, FRAME_HEADERS, 0, 1, (struct text){(char *)block.data, 10000});
    put_frame(&bytes, FRAME_CONTINUATION, FLAG_END_HEADERS, 1,
              (struct text){(char *)block.data + 10000, block.size - 10000});
    output_clear(&block);
    caller_sends(peers, &bytes);
    assert_int_equal(got_status(peers, 1), STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(guard_state(peers->guard), GUARD_OPEN);
}

static void too_many_fields_fail_their_call_only(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0}, block = {0};
    write_fields(&block, usual_request, usual_request_count);
    for (int i = 0; i < 100; i++)
        write_fields(&block, &(struct field){"x", "y"}, 1);
    put_block(&bytes, 1, FLAG_END_STREAM, (struct text){(char *)block.data, block.size});
    output_clear(&block);
    caller_sends(peers, &bytes);
    assert_int_equal(got_status(peers, 1), STATUS_RESOURCE_EXHAUSTED);
}

static void a_table_that_a_burst_made_large_is_given_back(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    size_t idle = guard_memory(peers->guard);
    for (uint32_t i = 0; i < 1000; i++)
        put_request(&bytes, 2 * i + 1, 0);
    for (uint32_t i = 0; i < 1000; i++)
        put_frame(&bytes, FRAME_RST_STREAM, 0, 2 * i + 1, text_literal("\0\0\0\10"));
    caller_sends(peers, &bytes);
    assert_int_equal(guard_memory(peers->guard), idle);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        test(streams_above_the_limit_are_refused),
        test(streams_that_are_reset_are_counted),
        test(each_kind_of_idle_frame_pauses_reading_above_its_rate),
        test(a_second_later_as_many_may_come_again),
        test(streams_earn_idle_frames),
        test(ten_times_the_rate_ends_the_connection),
        test(a_flood_that_goes_on_after_that_closes_the_connection),
        test(small_data_that_goes_on_is_bounded),
        test(a_block_that_expands_is_not_kept),
        test(a_block_without_end_ends_the_connection),
        test(metadata_above_the_bound_fails_its_call_only),
        test(too_many_fields_fail_their_call_only),
        test(a_table_that_a_burst_made_large_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
