/* SPDX-License-Identifier: MIT */
/* By when has a call to be replied to, and does its handler get all that the caller sent? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "grpc_client.h"
#include "http2_frames.h"
#include "scripted_server.h"

#include "base/banned.h"

/* C-core keeps deadlines in milliseconds, and rounds them. */
#define ROUNDING_NS (2 * CLOCK_NS_PER_MS)

struct trial {
    struct scripted_server server;
    struct h2 caller;
    struct arena arena;
};

static void begin(void **state, const char *flags)
{
    struct trial *trial = *state;
    scripted_start(&trial->server, flags);
    h2_connect(&trial->caller, trial->server.loop, scripted_port(&trial->server));
}

static int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return -1;
    arena_init(&trial->arena, 1 << 20);
    *state = trial;
    return 0;
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    h2_close(&trial->caller);
    scripted_stop(&trial->server);
    arena_clear(&trial->arena);
    free(trial);
    return 0;
}

/* Calls with that grpc-timeout, NULL for none. */
static struct scripted_call *call_within(struct trial *trial, const char *timeout)
{
    const struct h2_field fields[] = {{"grpc-timeout", timeout}, {NULL, NULL}};
    h2_call(&trial->caller, CREATE, timeout ? fields : NULL);
    return scripted_next(&trial->server);
}

static int64_t time_left_ns(const struct scripted_call *call)
{
    return call_deadline_ns(call->call) - call_received_ns(call->call);
}

static void a_call_without_a_deadline_gets_the_default(void **state)
{
    begin(state, "--deadline 7s");
    struct scripted_call *call = call_within(*state, NULL);
    assert_int_equal(time_left_ns(call), 7 * CLOCK_NS_PER_S);
    assert_false(call_ends_with_connection(call->call));
}

static void a_deadline_above_the_maximum_is_the_maximum_less_the_margin_at_most(void **state)
{
    static const char *const timeouts[] = {"60500m", "10M", "99999999H"};
    const int64_t most_ns = 60 * CLOCK_NS_PER_S;
    begin(state, "--max-deadline 60s");
    for (size_t i = 0; i < array_length(timeouts); i++) {
        int64_t left_ns = time_left_ns(call_within(*state, timeouts[i]));
        assert_true(left_ns <= most_ns);
        assert_true(left_ns >= most_ns - 30 * CLOCK_NS_PER_MS);
    }
}

/* The reply has to be ready that long before the caller's own deadline. */
static void expect_margin(void **state, const char *timeout, int64_t timeout_ns, int64_t margin_ns)
{
    int64_t sent_ns = clock_now_ns();
    struct scripted_call *call = call_within(*state, timeout);
    assert_true(call_deadline_ns(call->call) >= sent_ns + timeout_ns - margin_ns - ROUNDING_NS);
    assert_true(time_left_ns(call) <= timeout_ns - margin_ns + ROUNDING_NS);
}

static void a_reply_is_due_a_tenth_before_the_callers_deadline_and_at_most_30_ms(void **state)
{
    begin(state, "");
    expect_margin(state, "200m", 200 * CLOCK_NS_PER_MS, 20 * CLOCK_NS_PER_MS);
    expect_margin(state, "10S", 10 * CLOCK_NS_PER_S, 30 * CLOCK_NS_PER_MS);
}

static void calls_of_an_old_connection_end_with_it(void **state)
{
    struct trial *trial = *state;
    int64_t life_ns = 11 * CLOCK_NS_PER_S + 2 * CLOCK_NS_PER_S, before_ns = clock_now_ns();
    begin(state, "--max-age 10s --max-age-grace 2s");
    struct scripted_call *first = call_within(trial, NULL), *second = call_within(trial, "20S");
    assert_true(call_ends_with_connection(first->call));
    assert_true(call_ends_with_connection(second->call));
    assert_int_equal(call_deadline_ns(first->call), call_deadline_ns(second->call));
    assert_true(call_deadline_ns(first->call) >= before_ns + life_ns);
    assert_true(time_left_ns(first) <= life_ns);
    struct scripted_call *shorter = call_within(trial, "5S");
    assert_false(call_ends_with_connection(shorter->call));
    assert_true(time_left_ns(shorter) < 5 * CLOCK_NS_PER_S);
}

static bool find_metadata(const struct call *call, const char *name, struct text *value)
{
    struct text found;
    for (size_t i = 0; i < call_metadata_count(call); i++) {
        call_metadata(call, i, &found, value);
        if (text_equal(found, text_of(name)))
            return true;
    }
    return false;
}

static void metadata_has_the_bytes_that_the_caller_sent(void **state)
{
    static const struct h2_field fields[] = {{"x-plain", "a, b"},
                                             {"x-latin", "caf\xe9"},
                                             {"x-data-bin", "AP8"},
                                             {"x-text-bin", "YWI"},
                                             {NULL, NULL}};
    static const struct {
        const char *name;
        struct text value;
    } wanted[] = {{"x-plain", {"a, b", 4}},
                  {"x-latin", {"caf\xe9", 4}},
                  {"x-data-bin", {"\x00\xff", 2}},
                  {"x-text-bin", {"ab", 2}}};
    struct trial *trial = *state;
    begin(state, "");
    h2_call(&trial->caller, CREATE, fields);
    struct scripted_call *call = scripted_next(&trial->server);
    for (size_t i = 0; i < array_length(wanted); i++) {
        struct text value;
        assert_true(find_metadata(call->call, wanted[i].name, &value));
        assert_true(text_equal(value, wanted[i].value));
    }
}

static void a_call_knows_its_method_its_peer_and_its_caller(void **state)
{
    struct trial *trial = *state;
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    char peer[64];
    begin(state, "");
    assert_int_equal(getsockname(trial->caller.fd, (struct sockaddr *)&own, &size), 0);
    snprintf(peer, sizeof peer, "127.0.0.1:%u", ntohs(own.sin_port));
    struct scripted_call *call = call_within(trial, NULL);
    assert_string_equal(call_method(call->call)->path, CREATE);
    assert_true(text_equal(call_peer(call->call), text_of(peer)));
    assert_true(text_equal(call_caller(call->call), text_literal("anonymous")));
}

/* A call with a message, plain or packed, in an HTTP/2 stream. */
static struct scripted_call *call_with(struct trial *trial, bool is_packed, struct text message)
{
    static const struct h2_field gzip[] = {{"grpc-encoding", "gzip"}, {NULL, NULL}};
    uint32_t stream = h2_open(&trial->caller, CREATE, 0, is_packed ? gzip : NULL);
    if (is_packed)
        h2_packed_message(&trial->caller, stream, message);
    else
        h2_message(&trial->caller, stream, false, message);
    return scripted_next(&trial->server);
}

static void expect_message(struct trial *trial, bool is_packed, struct text sent)
{
    struct text message;
    struct status status;
    struct scripted_call *call = call_with(trial, is_packed, sent);
    if (!call_message(call->call, &trial->arena, &message, &status))
        fail_msg("%s", status.message);
    assert_true(text_equal(message, sent));
}

static void expect_no_message(struct trial *trial, struct scripted_call *call,
                              enum status_code code, const char *says)
{
    struct text message;
    struct status status = {0};
    assert_false(call_message(call->call, &trial->arena, &message, &status));
    assert_int_equal(status.code, code);
    if (!strstr(status.message, says))
        fail_msg("%s", status.message);
}

static struct text letters(struct trial *trial, size_t size)
{
    char *data = arena_alloc(&trial->arena, size);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (char)('a' + i % 23);
    return (struct text){data, size};
}

static void a_message_arrives_whole_in_one_frame_or_several_plain_or_compressed(void **state)
{
    struct trial *trial = *state;
    begin(state, "");
    for (int is_packed = 0; is_packed < 2; is_packed++) {
        expect_message(trial, is_packed, text_literal(""));
        expect_message(trial, is_packed, text_literal("\x00\xff message"));
        expect_message(trial, is_packed, letters(trial, 40000));
    }
}

/* The front refuses a larger one by its declared length; inflated it may be larger. */
static void a_message_may_be_as_large_as_max_message_and_no_larger(void **state)
{
    struct trial *trial = *state;
    begin(state, "--max-message 1000");
    for (int is_packed = 0; is_packed < 2; is_packed++)
        expect_message(trial, is_packed, letters(trial, 1000));
    expect_no_message(trial, call_with(trial, true, letters(trial, 1001)),
                      STATUS_RESOURCE_EXHAUSTED, "--max-message");
}

static void a_call_without_a_whole_message_is_invalid(void **state)
{
    static const struct h2_field gzip[] = {{"grpc-encoding", "gzip"}, {NULL, NULL}};
    struct trial *trial = *state;
    begin(state, "");
    h2_open(&trial->caller, CREATE, H2_END_STREAM, NULL);
    expect_no_message(trial, scripted_next(&trial->server), STATUS_INVALID_ARGUMENT,
                      "the request message is incomplete");
    uint32_t broken = h2_open(&trial->caller, CREATE, 0, gzip);
    h2_message(&trial->caller, broken, true, text_literal("this is not gzip"));
    expect_no_message(trial, scripted_next(&trial->server), STATUS_INVALID_ARGUMENT,
                      "the compressed request message");
}

static void calls_are_in_flight_until_their_reply(void **state)
{
    struct trial *trial = *state;
    begin(state, "");
    struct scripted_call *first = call_within(trial, NULL), *second = call_within(trial, NULL);
    assert_int_equal(call_in_flight(first->call), 2);
    scripted_succeed(first, "");
    assert_int_equal(call_in_flight(second->call), 1);
    assert_int_equal(server_in_flight(trial->server.server), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        test(a_call_without_a_deadline_gets_the_default),
        test(a_deadline_above_the_maximum_is_the_maximum_less_the_margin_at_most),
        test(a_reply_is_due_a_tenth_before_the_callers_deadline_and_at_most_30_ms),
        test(calls_of_an_old_connection_end_with_it),
        test(metadata_has_the_bytes_that_the_caller_sent),
        test(a_call_knows_its_method_its_peer_and_its_caller),
        test(a_message_arrives_whole_in_one_frame_or_several_plain_or_compressed),
        test(a_message_may_be_as_large_as_max_message_and_no_larger),
        test(a_call_without_a_whole_message_is_invalid),
        test(calls_are_in_flight_until_their_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
