/* SPDX-License-Identifier: MIT */
/* Does a drain let calls under way finish, and does each caller learn what was not processed? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "http2_frames.h"
#include "scripted_server.h"

#include "base/banned.h"

struct trial {
    struct scripted_server server;
    struct h2 caller;
};

static int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return -1;
    scripted_start(&trial->server, "");
    h2_connect(&trial->caller, trial->server.loop, scripted_port(&trial->server));
    *state = trial;
    return 0;
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    h2_close(&trial->caller);
    scripted_stop(&trial->server);
    free(trial);
    return 0;
}

static struct scripted_call *call(struct trial *trial)
{
    h2_call(&trial->caller, CREATE, NULL);
    return scripted_next(&trial->server);
}

/* The stream's number comes first in a GOAWAY (RFC 9113 section 6.8); C-core's first one has the
 * largest that there is, which says only that more is to come. */
static bool is_final(const struct h2_frame *frame)
{
    return frame->kind == H2_GOAWAY && frame->payload.size >= 4 &&
           memcmp(frame->payload.data, "\x7f\xff\xff\xff", 4) != 0;
}

static void expect_goaway(struct trial *trial)
{
    struct h2_frame frame = {0};
    while (!is_final(&frame))
        if (!h2_next(&trial->caller, &frame) || frame.kind != H2_GOAWAY)
            fail_msg("a frame of kind %u came before the GOAWAY", frame.kind);
    assert_int_equal(frame.flags, 0);
    assert_int_equal(frame.stream, 0);
    assert_int_equal(frame.payload.size, 8);
    assert_memory_equal(frame.payload.data, "\0\0\0\1\0\0\0\0", 8);
}

/* Skips C-core's first GOAWAY. */
static void expect_frame(struct trial *trial, uint8_t kind, uint32_t stream)
{
    struct h2_frame frame;
    do
        assert_true(h2_next(&trial->caller, &frame));
    while (frame.kind == H2_GOAWAY && !is_final(&frame));
    assert_int_equal(frame.kind, kind);
    assert_int_equal(frame.stream, stream);
}

static void expect_success(struct trial *trial, uint32_t stream)
{
    expect_frame(trial, H2_HEADERS, stream);
    expect_frame(trial, H2_DATA, stream);
    expect_frame(trial, H2_HEADERS, stream);
}

static void a_server_without_callers_is_drained_at_once(void **state)
{
    struct trial *trial = *state;
    scripted_drain(&trial->server);
    scripted_wait_drained(&trial->server);
}

static void a_caller_without_a_call_receives_the_goaway_frame(void **state)
{
    struct trial *trial = *state;
    scripted_succeed(call(trial), "");
    expect_success(trial, 1);
    scripted_drain(&trial->server);
    expect_goaway(trial);
    shutdown(trial->caller.fd, SHUT_RDWR);
    scripted_wait_drained(&trial->server);
}

static void a_call_under_way_gets_its_reply_whatever_the_goaway_frame(void **state)
{
    struct trial *trial = *state;
    struct scripted_call *late = call(trial);
    scripted_drain(&trial->server);
    loop_turn(trial->server.loop);
    assert_false(trial->server.is_drained);
    scripted_succeed(late, "");
    expect_success(trial, 1);
    expect_goaway(trial);
    assert_int_equal(atomic_load(&late->cancelled), 0);
}

/* Its caller sends it again elsewhere, because its stream is behind the GOAWAY's last one. */
static void a_call_that_comes_during_the_drain_is_not_processed(void **state)
{
    struct trial *trial = *state;
    struct scripted_call *early = call(trial);
    struct h2_frame frame;
    scripted_drain(&trial->server);
    h2_expect(&trial->caller, H2_GOAWAY, 0, &frame);
    assert_false(is_final(&frame));
    expect_goaway(trial);
    h2_call(&trial->caller, CREATE, NULL);
    expect_frame(trial, H2_RST_STREAM, 3);
    scripted_succeed(early, "");
    expect_success(trial, 1);
    assert_int_equal(atomic_load(&trial->server.begun), 1);
}

static void a_draining_server_refuses_connections(void **state)
{
    struct trial *trial = *state;
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(scripted_port(&trial->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct scripted_call *open = call(trial);
    scripted_drain(&trial->server);
    int late = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(late, (struct sockaddr *)&to, sizeof to), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(late);
    scripted_succeed(open, "");
}

static void a_refusing_server_lets_no_call_begin(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    struct scripted_call *open = call(trial);
    server_refuse(trial->server.server);
    h2_call(&trial->caller, CREATE, NULL);
    h2_expect(&trial->caller, H2_HEADERS, 3, &frame);
    assert_int_equal(frame.flags & H2_END_STREAM, H2_END_STREAM);
    assert_true(h2_has(&frame, "grpc-status", "14"));
    assert_int_equal(atomic_load(&trial->server.refusals), 1);
    assert_int_equal(atomic_load(&trial->server.begun), 1);
    scripted_succeed(open, "");
    expect_success(trial, 1);
}

static void a_forced_drain_cancels_calls_and_waits_for_their_replies(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame = {0};
    struct scripted_call *stuck = call(trial);
    scripted_drain(&trial->server);
    server_cancel_all(trial->server.server);
    while (!is_final(&frame))
        assert_true(h2_next(&trial->caller, &frame));
    loop_until(trial->server.loop, atomic_load(&stuck->cancelled) > 0);
    loop_turn(trial->server.loop);
    assert_false(trial->server.is_drained);
    scripted_fail(stuck, STATUS_UNAVAILABLE, "stopped");
    scripted_wait_drained(&trial->server);
    assert_int_equal(atomic_load(&stuck->ended), 1);
}

/* Its window is shut, so that the reply never leaves. */
static void a_forced_drain_does_not_wait_for_a_caller_that_takes_nothing(void **state)
{
    struct trial *trial = *state;
    struct status status;
    const size_t size = 200000;
    struct scripted_call *large = call(trial);
    memset(call_response_space(large->call, size), 'x', size);
    status_clear(&status);
    scripted_reply(large, &status);
    scripted_drain(&trial->server);
    server_cancel_all(trial->server.server);
    scripted_wait_drained(&trial->server);
    assert_int_equal(atomic_load(&large->ended), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        test(a_server_without_callers_is_drained_at_once),
        test(a_caller_without_a_call_receives_the_goaway_frame),
        test(a_call_under_way_gets_its_reply_whatever_the_goaway_frame),
        test(a_call_that_comes_during_the_drain_is_not_processed),
        test(a_draining_server_refuses_connections),
        test(a_refusing_server_lets_no_call_begin),
        test(a_forced_drain_cancels_calls_and_waits_for_their_replies),
        test(a_forced_drain_does_not_wait_for_a_caller_that_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
