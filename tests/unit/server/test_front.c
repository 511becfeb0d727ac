/* SPDX-License-Identifier: MIT */
/* When does a connection begin and end, and what becomes of its calls then? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "front_trial.h"

#include "base/banned.h"

static void a_preface_may_come_byte_by_byte(void **state)
{
    struct trial *trial = *state;
    open_front(trial);
    add_caller(trial, &trial->caller);
    for (const char *at = PREFACE; *at; at++)
        assert_int_equal(send(trial->caller.fd, at, 1, MSG_NOSIGNAL), 1);
    h2_send(&trial->caller, H2_SETTINGS, 0, 0, text_literal(""));
    take_core(trial, 0, &trial->core);
    call(trial);
}

static void a_caller_that_speaks_another_protocol_never_reaches_c_core(void **state)
{
    struct trial *trial = *state;
    static const char *const others[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01", "P!",
                                         "PRI * HTTP/2.0\r\n\r\nSM\r\n\r."};
    open_front(trial);
    for (size_t i = 0; i < array_length(others); i++) {
        struct h2 other;
        struct h2_frame frame;
        add_caller(trial, &other);
        assert_true(send(other.fd, others[i], strlen(others[i]), MSG_NOSIGNAL) > 0);
        while (h2_next(&other, &frame))
            assert_int_equal(frame.kind, H2_GOAWAY);
        close_end(&other);
    }
    assert_int_equal(trial->core_count, 0);
}

static void a_caller_without_a_preface_is_closed_after_the_handshake_timeout(void **state)
{
    struct trial *trial = *state;
    struct h2 half;
    trial->config.handshake_timeout_ns = 50 * CLOCK_NS_PER_MS;
    open_connection(trial);
    add_caller(trial, &half);
    assert_int_equal(send(half.fd, PREFACE, 10, MSG_NOSIGNAL), 10);
    expect_end(&half);
    close_end(&half);
    /* The other one has sent its preface. */
    call(trial);
}

static void an_idle_connection_is_announced_to_end_and_then_ends(void **state)
{
    struct trial *trial = *state;
    trial->config.idle_timeout_ns = 20 * CLOCK_NS_PER_MS;
    open_connection(trial);
    expect_goaway(&trial->caller, ANY_STREAM);
    expect_goaway(&trial->caller, 0);
    expect_end(&trial->caller);
    expect_end(&trial->core);
}

static void a_connection_is_not_idle_while_a_call_is_under_way(void **state)
{
    struct trial *trial = *state;
    trial->config.idle_timeout_ns = 20 * CLOCK_NS_PER_MS;
    open_connection(trial);
    uint32_t stream = call(trial);
    struct h2_frame frame;
    poll(NULL, 0, 100); /* five times the timeout */
    respond(&trial->core, stream);
    do
        assert_true(h2_next(&trial->caller, &frame));
    while (frame.kind == H2_GOAWAY && last_stream_of(&frame) == ANY_STREAM);
    assert_int_equal(frame.kind, H2_HEADERS);
}

static void a_call_that_is_under_way_outlives_the_age_of_its_connection(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    trial->config.max_age_ns = 20 * CLOCK_NS_PER_MS;
    trial->config.max_age_grace_ns = 60 * CLOCK_NS_PER_S;
    open_connection(trial);
    uint32_t stream = call(trial);
    expect_goaway(&trial->caller, ANY_STREAM);
    expect_goaway(&trial->caller, stream);
    respond(&trial->core, stream);
    h2_expect(&trial->caller, H2_HEADERS, stream, &frame);
    expect_end(&trial->caller);
}

static void a_drain_serves_what_was_sent_and_then_takes_no_call(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    open_connection(trial);
    uint32_t first = call(trial);
    front_drain(trial->front);
    expect_goaway(&trial->caller, ANY_STREAM);
    uint32_t late = call(trial);
    expect_goaway(&trial->caller, late);
    uint32_t refused = h2_call(&trial->caller, ALLOWED, NULL);
    h2_expect(&trial->caller, H2_RST_STREAM, refused, &frame);
    respond(&trial->core, first);
    h2_expect(&trial->caller, H2_HEADERS, first, &frame);
    assert_int_equal(trial->drained, 0);
    respond(&trial->core, late);
    h2_expect(&trial->caller, H2_HEADERS, late, &frame);
    expect_end(&trial->caller);
    expect_end(&trial->core);
    loop_until(trial->loop, trial->drained == 1);
}

static void a_drain_closes_a_connection_without_a_preface(void **state)
{
    struct trial *trial = *state;
    open_front(trial);
    add_caller(trial, &trial->caller);
    front_drain(trial->front);
    expect_end(&trial->caller);
    loop_until(trial->loop, trial->drained == 1);
}

static void a_cut_closes_all_connections_at_once(void **state)
{
    struct trial *trial = *state;
    open_connection(trial);
    call(trial);
    front_cut(trial->front);
    expect_end(&trial->caller);
    expect_end(&trial->core);
    loop_until(trial->loop, front_connections(trial->front) == 0);
}

static void a_caller_that_leaves_ends_c_cores_side(void **state)
{
    struct trial *trial = *state;
    open_connection(trial);
    call(trial);
    close_end(&trial->caller);
    expect_end(&trial->core);
    close_end(&trial->core);
    loop_until(trial->loop, front_connections(trial->front) == 0);
}

static void the_end_of_c_cores_side_ends_the_caller_after_its_bytes(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    open_connection(trial);
    uint32_t stream = call(trial);
    respond(&trial->core, stream);
    close_end(&trial->core);
    h2_expect(&trial->caller, H2_HEADERS, stream, &frame);
    expect_end(&trial->caller);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_preface_may_come_byte_by_byte),
        TEST(a_caller_that_speaks_another_protocol_never_reaches_c_core),
        TEST(a_caller_without_a_preface_is_closed_after_the_handshake_timeout),
        TEST(an_idle_connection_is_announced_to_end_and_then_ends),
        TEST(a_connection_is_not_idle_while_a_call_is_under_way),
        TEST(a_call_that_is_under_way_outlives_the_age_of_its_connection),
        TEST(a_drain_serves_what_was_sent_and_then_takes_no_call),
        TEST(a_drain_closes_a_connection_without_a_preface),
        TEST(a_cut_closes_all_connections_at_once),
        TEST(a_caller_that_leaves_ends_c_cores_side),
        TEST(the_end_of_c_cores_side_ends_the_caller_after_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
