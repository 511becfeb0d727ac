/* SPDX-License-Identifier: MIT */
/* Does the caller get response headers once when the guard sends them ahead of C-core? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http2_peers.h"

#include "base/banned.h"

static bool commit(struct peers *peers, uint32_t stream)
{
    static const struct guard_field fields[] = {{text_literal("x-request-id"), text_literal("7")}};
    bool good = guard_commit(peers->guard, stream, fields, array_length(fields), &peers->outputs);
    core_sends(peers);
    return good;
}

static nghttp2_nv field_of(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
                        .value = (uint8_t *)(uintptr_t)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value)};
}

static void core_fails(struct peers *peers, uint32_t stream)
{
    const nghttp2_nv fields[] = {field_of(":status", "200"),
                                 field_of("content-type", "application/grpc"),
                                 field_of("grpc-status", "14"), field_of("x-behind", "last")};
    assert_int_equal(
        nghttp2_submit_response(peers->core, (int32_t)stream, fields, array_length(fields), NULL),
        0);
    core_sends(peers);
}

/* The last HEADERS frame of the stream ends it and has no headers' fields. */
static void expect_trailers(const struct peers *peers, uint32_t stream)
{
    struct frame frame, last = {0};
    for (size_t i = 0; caller_got(peers, i, &frame); i++)
        if (frame.type == FRAME_HEADERS && frame.stream == stream)
            last = frame;
    assert_true(last.flags & FLAG_END_STREAM);
    assert_null(memmem(last.payload, last.size, ":status", 7));
    assert_null(memmem(last.payload, last.size, "content-type", 12));
}

static void the_headers_of_a_committed_call_are_sent_at_once_and_once(void **state)
{
    struct peers *peers = *state;
    caller_calls(peers, 1);
    assert_true(commit(peers, 1));
    assert_string_equal(got_header(peers, 1, ":status"), "200");
    assert_string_equal(got_header(peers, 1, "content-type"), "application/grpc");
    assert_string_equal(got_header(peers, 1, "x-request-id"), "7");
    assert_int_equal(got_status(peers, 1), -1);
    core_responds(peers, 1);
    assert_int_equal(count_got(peers, FRAME_HEADERS, 1), 2);
    assert_int_equal(count_got(peers, FRAME_DATA, 1), 1);
    assert_int_equal(got_status(peers, 1), 0);
    assert_int_equal(guard_open_streams(peers->guard), 0);
}

/* C-core writes headers and trailers in one block when it ends a call without a message. */
static void a_committed_call_that_fails_gets_its_trailers_alone(void **state)
{
    struct peers *peers = *state;
    caller_calls(peers, 1);
    assert_true(commit(peers, 1));
    core_fails(peers, 1);
    assert_int_equal(got_status(peers, 1), 14);
    assert_string_equal(got_header(peers, 1, "x-behind"), "last");
    expect_trailers(peers, 1);
    assert_int_equal(guard_open_streams(peers->guard), 0);
}

static void a_committed_call_that_the_guard_ends_gets_trailers(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    put_request(&bytes, 1, 0);
    put_message(&bytes, 1, 0, text_literal("create"));
    caller_sends(peers, &bytes);
    assert_true(commit(peers, 1));
    put_message(&bytes, 1, FLAG_END_STREAM, text_literal("again"));
    caller_sends(peers, &bytes);
    assert_int_equal(got_status(peers, 1), STATUS_INTERNAL);
    expect_trailers(peers, 1);
}

static void a_call_whose_headers_c_core_has_sent_gets_no_others(void **state)
{
    struct peers *peers = *state;
    const nghttp2_nv fields[] = {field_of(":status", "200"),
                                 field_of("content-type", "application/grpc")};
    caller_calls(peers, 1);
    assert_true(nghttp2_submit_headers(peers->core, NGHTTP2_FLAG_NONE, 1, NULL, fields,
                                       array_length(fields), NULL) >= 0);
    core_sends(peers);
    assert_true(commit(peers, 1));
    assert_int_equal(count_got(peers, FRAME_HEADERS, 1), 1);
}

static void a_call_that_has_ended_is_not_committed(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    caller_calls(peers, 1);
    core_responds(peers, 1);
    caller_calls(peers, 3);
    put_frame(&bytes, FRAME_RST_STREAM, 0, 3, text_literal("\0\0\0\10"));
    caller_sends(peers, &bytes);
    for (uint32_t stream = 0; stream <= 5; stream++) {
        size_t before = count_got(peers, FRAME_HEADERS, stream);
        assert_false(commit(peers, stream));
        assert_int_equal(count_got(peers, FRAME_HEADERS, stream), before);
    }
}

/* A proxy resets a call and repeats it elsewhere; the headers may still be on their way to it. */
static void a_committed_call_is_known_until_its_caller_resets_it(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    caller_calls(peers, 1);
    assert_true(commit(peers, 1));
    assert_true(guard_has_stream(peers->guard, 1));
    put_frame(&bytes, FRAME_RST_STREAM, 0, 1, text_literal("\0\0\0\10"));
    caller_sends(peers, &bytes);
    assert_false(guard_has_stream(peers->guard, 1));
}

static enum guard_verdict number_call(void *context, const struct guard_request *request,
                                      struct guard_call *call, struct guard_failure *failure)
{
    (void)context, (void)failure;
    call->number = request->stream == 1 ? 0 : UINT64_MAX;
    return GUARD_PASS;
}

static void c_core_learns_the_number_of_a_call_last(void **state)
{
    struct peers *peers = *state;
    const char ending[] = "x-call: 18446744073709551615\n";
    peers->hooks.open = number_call;
    caller_calls(peers, 1);
    caller_calls(peers, 3);
    const struct output *none = &peers->streams[1].headers, *headers = &peers->streams[3].headers;
    assert_null(memmem(none->data, none->size, "x-call", 6));
    assert_true(headers->size > sizeof ending);
    assert_memory_equal(headers->data + headers->size - strlen(ending), ending, strlen(ending));
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        test(the_headers_of_a_committed_call_are_sent_at_once_and_once),
        test(a_committed_call_that_fails_gets_its_trailers_alone),
        test(a_committed_call_that_the_guard_ends_gets_trailers),
        test(a_call_whose_headers_c_core_has_sent_gets_no_others),
        test(a_call_that_has_ended_is_not_committed),
        test(a_committed_call_is_known_until_its_caller_resets_it),
        test(c_core_learns_the_number_of_a_call_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
