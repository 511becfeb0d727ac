/* SPDX-License-Identifier: MIT */
/* In which frames does a reply reach its caller, when is a call committed, and when is it gone? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http2_frames.h"
#include "scripted_server.h"

#include "base/banned.h"

struct trial {
    struct scripted_server server;
    struct h2 caller;
    uint32_t stream; /* of the call that was begun last */
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
    trial->stream = h2_call(&trial->caller, CREATE, NULL);
    return scripted_next(&trial->server);
}

static void expect_frame(struct trial *trial, uint8_t kind, bool ends, struct h2_frame *frame)
{
    h2_expect(&trial->caller, kind, trial->stream, frame);
    assert_int_equal(frame->flags & H2_END_STREAM, ends ? H2_END_STREAM : 0);
}

static void a_success_is_headers_a_message_and_trailers(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    struct scripted_call *replied = call(trial);
    call_send_metadata(replied->call, "x-ahead", text_literal("first"));
    call_send_trailer(replied->call, "x-behind", text_literal("last"));
    scripted_succeed(replied, "response");
    expect_frame(trial, H2_HEADERS, false, &frame);
    assert_true(h2_has(&frame, "x-ahead", "first"));
    expect_frame(trial, H2_DATA, false, &frame);
    assert_int_equal(frame.payload.size, 5 + 8);
    assert_memory_equal(frame.payload.data, "\0\0\0\0\x08response", 5 + 8);
    expect_frame(trial, H2_HEADERS, true, &frame);
    assert_true(h2_has(&frame, "x-behind", "last"));
    assert_true(h2_has(&frame, "grpc-status", "0"));
}

/* gRFC A6: only a call of which nothing but trailers came may be tried again. */
static void a_failure_of_a_call_that_is_not_committed_is_trailers_only(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    struct scripted_call *failed = call(trial);
    call_send_metadata(failed->call, "x-ahead", text_literal("first"));
    call_send_trailer(failed->call, "x-behind", text_literal("last"));
    scripted_fail(failed, STATUS_ABORTED, "it did not go");
    expect_frame(trial, H2_HEADERS, true, &frame);
    assert_true(h2_has(&frame, "x-ahead", "first"));
    assert_true(h2_has(&frame, "x-behind", "last"));
    assert_true(h2_has(&frame, "grpc-status", "10"));
    assert_true(h2_has(&frame, "grpc-message", "it did not go"));
}

static void a_failure_of_a_committed_call_has_headers_and_trailers(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    struct scripted_call *failed = call(trial);
    call_send_metadata(failed->call, "x-ahead", text_literal("first"));
    call_commit(failed->call);
    expect_frame(trial, H2_HEADERS, false, &frame);
    assert_true(h2_has(&frame, "x-ahead", "first"));
    loop_until(trial->server.loop, atomic_load(&failed->committed) > 0);
    call_send_trailer(failed->call, "x-behind", text_literal("last"));
    scripted_fail(failed, STATUS_ABORTED, "it did not go");
    expect_frame(trial, H2_HEADERS, true, &frame);
    assert_false(h2_has(&frame, "x-ahead", "first"));
    assert_true(h2_has(&frame, "x-behind", "last"));
    assert_true(h2_has(&frame, "grpc-status", "10"));
}

/* As when the deadline passes in the moment in which the call's turn comes. */
static void a_failure_that_may_overtake_the_headers_has_their_metadata_as_well(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    for (size_t i = 0; i < SCRIPTED_CALLS; i++) {
        struct scripted_call *failed = call(trial);
        call_send_metadata(failed->call, "x-ahead", text_literal("first"));
        call_commit(failed->call);
        scripted_fail(failed, STATUS_DEADLINE_EXCEEDED, "it did not go");
        bool has_it = false;
        do {
            h2_expect(&trial->caller, H2_HEADERS, trial->stream, &frame);
            has_it |= h2_has(&frame, "x-ahead", "first");
        } while (!(frame.flags & H2_END_STREAM));
        assert_true(has_it);
    }
}

/* Whether they are in the caller's socket already. */
static bool has_headers_by_now(struct trial *trial)
{
    struct h2_frame frame;
    h2_receive(&trial->caller);
    while (h2_take(&trial->caller, &frame))
        if (!h2_is_upkeep(&trial->caller, &frame))
            return frame.kind == H2_HEADERS;
    return false;
}

static void a_call_is_committed_once_its_headers_are_with_the_caller(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    struct scripted_call *committed = call(trial);
    assert_int_equal(atomic_load(&committed->committed), 0);
    call_commit(committed->call);
    loop_until(trial->server.loop, atomic_load(&committed->committed) > 0);
    assert_true(atomic_load(&committed->is_good));
    assert_true(has_headers_by_now(trial));
    scripted_succeed(committed, "");
    expect_frame(trial, H2_DATA, false, &frame);
    expect_frame(trial, H2_HEADERS, true, &frame);
    assert_int_equal(atomic_load(&committed->committed), 1);
}

static void a_call_whose_caller_has_gone_is_not_committed(void **state)
{
    struct trial *trial = *state;
    struct scripted_call *gone = call(trial);
    h2_reset(&trial->caller, trial->stream);
    loop_until(trial->server.loop, atomic_load(&gone->cancelled) > 0);
    call_commit(gone->call);
    loop_until(trial->server.loop, atomic_load(&gone->committed) > 0);
    assert_false(atomic_load(&gone->is_good));
}

/* Its caller writes no more, and may have opened another connection. */
static void a_call_whose_caller_has_closed_its_end_is_not_committed(void **state)
{
    struct trial *trial = *state;
    struct scripted_call *leaving = call(trial);
    assert_int_equal(shutdown(trial->caller.fd, SHUT_WR), 0);
    call_commit(leaving->call);
    loop_until(trial->server.loop, atomic_load(&leaving->committed) > 0);
    assert_false(atomic_load(&leaving->is_good));
}

static void a_cancelled_call_lives_until_its_reply(void **state)
{
    struct trial *trial = *state;
    struct scripted_call *cancelled = call(trial);
    h2_reset(&trial->caller, trial->stream);
    loop_until(trial->server.loop, atomic_load(&cancelled->cancelled) > 0);
    scripted_succeed(call(trial), "");
    assert_int_equal(atomic_load(&cancelled->ended), 0);
    scripted_fail(cancelled, STATUS_CANCELLED, "nobody reads this");
    loop_until(trial->server.loop, atomic_load(&cancelled->ended) > 0);
    assert_int_equal(atomic_load(&cancelled->cancelled), 1);
}

static void a_call_ends_once_after_its_reply(void **state)
{
    struct trial *trial = *state;
    struct scripted_call *replied = call(trial);
    scripted_succeed(replied, "");
    loop_until(trial->server.loop, atomic_load(&replied->ended) > 0);
    assert_int_equal(atomic_load(&replied->ended), 1);
    assert_int_equal(atomic_load(&replied->cancelled), 0);
}

static void a_held_call_ends_when_it_is_released(void **state)
{
    struct trial *trial = *state;
    struct scripted_call *held = call(trial), *later;
    call_hold(held->call);
    scripted_succeed(held, "");
    later = call(trial);
    scripted_succeed(later, "");
    loop_until(trial->server.loop, atomic_load(&later->ended) > 0);
    assert_int_equal(atomic_load(&held->ended), 0);
    assert_string_equal(call_method(held->call)->path, CREATE);
    call_release(held->call);
    loop_until(trial->server.loop, atomic_load(&held->ended) > 0);
}

static void metadata_beyond_the_bound_is_dropped(void **state)
{
    static const char *const names[] = {"x-0", "x-1", "x-2", "x-3", "x-4",
                                        "x-5", "x-6", "x-7", "x-8", "x-9"};
    struct trial *trial = *state;
    struct h2_frame frame;
    struct scripted_call *rich = call(trial);
    for (size_t i = 0; i < array_length(names); i++)
        call_send_metadata(rich->call, names[i], text_literal("v"));
    scripted_succeed(rich, "");
    expect_frame(trial, H2_HEADERS, false, &frame);
    for (size_t i = 0; i < array_length(names); i++)
        assert_int_equal(h2_has(&frame, names[i], "v"), i < CALL_METADATA);
}

/* Otherwise its caller would wait until its deadline. */
static void a_reply_that_cannot_be_sent_becomes_an_internal_error_with_its_incident(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    for (int succeeds = 0; succeeds < 2; succeeds++) {
        struct scripted_call *broken = call(trial);
        call_send_metadata(broken->call, "x-request-id", text_literal("id-7"));
        call_send_trailer(broken->call, "x-illegal", text_literal("\x01"));
        if (succeeds)
            scripted_succeed(broken, "");
        else
            scripted_fail(broken, STATUS_ABORTED, "it did not go");
        expect_frame(trial, H2_HEADERS, true, &frame);
        assert_true(h2_has(&frame, "grpc-status", "13"));
        assert_non_null(memmem(frame.payload.data, frame.payload.size, "incident id-7", 13));
        loop_until(trial->server.loop, atomic_load(&broken->ended) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        test(a_success_is_headers_a_message_and_trailers),
        test(a_failure_of_a_call_that_is_not_committed_is_trailers_only),
        test(a_failure_of_a_committed_call_has_headers_and_trailers),
        test(a_failure_that_may_overtake_the_headers_has_their_metadata_as_well),
        test(a_call_is_committed_once_its_headers_are_with_the_caller),
        test(a_call_whose_caller_has_gone_is_not_committed),
        test(a_call_whose_caller_has_closed_its_end_is_not_committed),
        test(a_cancelled_call_lives_until_its_reply),
        test(a_call_ends_once_after_its_reply),
        test(a_held_call_ends_when_it_is_released),
        test(metadata_beyond_the_bound_is_dropped),
        test(a_reply_that_cannot_be_sent_becomes_an_internal_error_with_its_incident),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
