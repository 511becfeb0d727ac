/* SPDX-License-Identifier: MIT */
/* Does the guard pass on what is right, both ways, and end what is wrong? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http2_peers.h"

#include "base/banned.h"

static bool core_has(const struct peers *peers, uint32_t stream, const char *field)
{
    struct output headers = {0};
    output_add(&headers, peers->streams[stream].headers.data, peers->streams[stream].headers.size);
    output_add(&headers, "", 1);
    bool has = strstr((char *)headers.data, field) != NULL;
    output_clear(&headers);
    return has;
}

static void a_call_passes_both_ways(void **state)
{
    struct peers *peers = *state;
    caller_calls(peers, 1);
    assert_true(peers->streams[1].ended);
    assert_int_equal(peers->streams[1].data.size, 5 + 6);
    assert_true(core_has(peers, 1, ":path: /huaweicloud.apig.v2.ApiGroupService/CreateApiGroup\n"));
    assert_int_equal(guard_open_streams(peers->guard), 1);
    core_responds(peers, 1);
    assert_int_equal(got_status(peers, 1), 0);
    assert_string_equal(got_header(peers, 1, "content-type"), "application/grpc");
    assert_int_equal(count_got(peers, FRAME_DATA, 1), 1);
    assert_int_equal(guard_open_streams(peers->guard), 0);
    assert_int_equal(guard_state(peers->guard), GUARD_OPEN);
}

static void a_message_is_held_until_the_caller_has_ended_its_side(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    put_request(&bytes, 1, 0);
    put_message(&bytes, 1, 0, text_literal("create"));
    caller_sends(peers, &bytes);
    assert_int_equal(peers->streams[1].data.size, 5 + 6 - 1);
    put_frame(&bytes, FRAME_DATA, FLAG_END_STREAM, 1, text_literal(""));
    caller_sends(peers, &bytes);
    assert_true(peers->streams[1].ended);
    assert_memory_equal(peers->streams[1].data.data, "\0\0\0\0\6create", 5 + 6);
}

static void a_message_that_trailers_end_is_passed_whole(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    put_request(&bytes, 1, 0);
    put_message(&bytes, 1, 0, text_literal("create"));
    put_block(&bytes, 1, FLAG_END_STREAM, text_literal("\0\1x\1y"));
    caller_sends(peers, &bytes);
    assert_true(peers->streams[1].ended);
    assert_int_equal(peers->streams[1].data.size, 5 + 6);
    assert_false(core_has(peers, 1, "x: y"));
}

static void a_second_message_ends_a_unary_call_before_the_first_is_whole(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    put_request(&bytes, 1, 0);
    put_message(&bytes, 1, 0, text_literal("create"));
    caller_sends(peers, &bytes);
    put_message(&bytes, 1, FLAG_END_STREAM, text_literal("again"));
    caller_sends(peers, &bytes);
    assert_int_equal(got_status(peers, 1), STATUS_INTERNAL);
    assert_int_equal(count_got(peers, FRAME_RST_STREAM, 1), 0);
    assert_true(peers->streams[1].reset);
    assert_int_equal(peers->streams[1].data.size, 5 + 6 - 1);
}

static void a_caller_that_still_sends_is_stopped_behind_its_status(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    put_request(&bytes, 1, 0);
    put_frame(&bytes, FRAME_DATA, 0, 1, text_literal("\7"));
    caller_sends(peers, &bytes);
    assert_int_equal(got_status(peers, 1), STATUS_INTERNAL);
    assert_true(got_reset(peers, 1, HTTP2_NO_ERROR));
}

static enum guard_verdict open_stream(void *context, const struct guard_request *request,
                                      struct guard_call *call, struct guard_failure *failure)
{
    struct text user;
    (void)context;
    call->streaming = text_equal(request->path, text_literal("/grpc.health.v1.Health/Watch"));
    call->kind = call->streaming ? 7 : 1;
    call->method = 3;
    call->number = request->stream;
    call->reserved = 1000;
    if (!guard_request_field(request, text_literal("user-agent"), &user))
        return GUARD_REFUSE;
    if (text_equal(request->authority, text_literal("sidecar:8080")))
        return GUARD_PASS;
    *failure = (struct guard_failure){.code = STATUS_PERMISSION_DENIED,
                                      .http_status = 200,
                                      .reason = REASON_CALLER_NOT_ALLOWED,
                                      .message = text_literal("the caller is \"100%\" strange\n"),
                                      .has_pushback = true,
                                      .pushback_ms = -1};
    return GUARD_FAIL;
}

/* The request id shows whether the hook has the request, and else the method. */
static void describe(void *context, struct guard_refusal *refusal)
{
    (void)context;
    const char *reason = reason_names[refusal->failure->reason];
    refusal->details_size = strlen(reason);
    memcpy(refusal->details, reason, refusal->details_size);
    struct text given = {NULL, 0};
    if (refusal->request && guard_request_field(refusal->request, text_literal("x-id"), &given))
        memcpy(refusal->request_id, given.data, given.size);
    else
        given.size = (size_t)snprintf(refusal->request_id, GUARD_REQUEST_ID_BYTES, "method %u",
                                      refusal->method);
    refusal->request_id_size = given.size;
}

static void the_front_may_fail_a_stream_by_its_headers(void **state)
{
    struct peers *peers = *state;
    peers->hooks = (struct guard_hooks){.open = open_stream, .describe = describe};
    struct output bytes = {0};
    size_t credits = count_got(peers, FRAME_WINDOW_UPDATE, 0);
    put_request_with(&bytes, 1, 0, (struct field){":authority", "other"});
    put_message(&bytes, 1, FLAG_END_STREAM, text_literal("create"));
    caller_sends(peers, &bytes);
    assert_false(peers->streams[1].opened);
    assert_int_equal(got_status(peers, 1), STATUS_PERMISSION_DENIED);
    assert_string_equal(got_header(peers, 1, ":status"), "200");
    assert_string_equal(got_header(peers, 1, "grpc-message"),
                        "the caller is \"100%25\" strange%0A");
    assert_string_equal(got_header(peers, 1, "grpc-retry-pushback-ms"), "-1");
    assert_string_equal(got_header(peers, 1, "grpc-status-details-bin"),
                        "Q0FMTEVSX05PVF9BTExPV0VE");
    assert_true(got_reset(peers, 1, HTTP2_NO_ERROR));
    /* Its message is not kept, and what it took of the window is given back. */
    assert_int_equal(count_got(peers, FRAME_WINDOW_UPDATE, 0), credits + 1);
    assert_int_equal(guard_open_streams(peers->guard), 0);
}

static void a_refusal_has_the_fields_before_the_fault_or_the_method(void **state)
{
    struct peers *peers = *state;
    const struct field more[] = {{"x-id", "mine"}, {"x-bin", "!"}};
    struct output bytes = {0}, block = {0};
    peers->hooks = (struct guard_hooks){.open = open_stream, .describe = describe};
    write_fields(&block, usual_request, usual_request_count);
    write_fields(&block, more, array_length(more));
    put_block(&bytes, 1, FLAG_END_HEADERS, (struct text){(char *)block.data, block.size});
    put_request(&bytes, 3, 0);
    put_frame(&bytes, FRAME_DATA, 0, 3, text_literal("\7"));
    caller_sends(peers, &bytes);
    assert_string_equal(got_header(peers, 1, "x-request-id"), "mine");
    assert_string_equal(got_header(peers, 3, "x-request-id"), "method 3");
    output_clear(&block);
}

static void the_front_may_refuse_a_stream(void **state)
{
    struct peers *peers = *state;
    peers->hooks = (struct guard_hooks){.open = open_stream};
    struct output bytes = {0};
    put_request_with(&bytes, 1, 0, (struct field){"user-agent", NULL});
    caller_sends(peers, &bytes);
    assert_true(got_reset(peers, 1, HTTP2_REFUSED_STREAM));
    assert_int_equal(guard_counts(peers->guard).refused, 1);
}

static void a_stream_of_messages_passes_when_the_front_says_so(void **state)
{
    struct peers *peers = *state;
    peers->hooks = (struct guard_hooks){.open = open_stream};
    struct output bytes = {0};
    put_request_with(&bytes, 1, 0, (struct field){":path", "/grpc.health.v1.Health/Watch"});
    put_message(&bytes, 1, 0, text_literal("one"));
    put_message(&bytes, 1, 0, text_literal("two"));
    caller_sends(peers, &bytes);
    assert_int_equal(peers->streams[1].data.size, 5 + 3 + 5 + 3);
}

struct ends {
    size_t of[5], reserved;
    uint32_t kind;
    uint64_t number;
};

static void count_end(void *context, const struct guard_call *call, enum guard_end end)
{
    struct ends *ends = context;
    ends->of[end]++;
    ends->kind = call->kind;
    ends->number = call->number;
    ends->reserved += call->reserved;
}

static bool reserve(void *context, uint32_t kind, size_t size, struct guard_failure *failure)
{
    (void)context, (void)kind;
    failure->code = STATUS_RESOURCE_EXHAUSTED;
    failure->message = text_literal("no memory");
    failure->reason = REASON_OVERLOADED;
    return size < 100;
}

static void each_stream_that_passed_is_reported_once_when_it_ends(void **state)
{
    struct peers *peers = *state;
    struct ends ends = {0};
    struct output bytes = {0};
    peers->hooks = (struct guard_hooks){
        .context = &ends, .open = open_stream, .ended = count_end, .reserve = reserve};
    caller_calls(peers, 1);
    core_responds(peers, 1);
    assert_int_equal(ends.of[GUARD_COMPLETE], 1);
    assert_int_equal(ends.kind, 1);
    assert_int_equal(ends.number, 1);
    assert_int_equal(ends.reserved, 1000 + 6);
    caller_calls(peers, 3);
    put_frame(&bytes, FRAME_RST_STREAM, 0, 3, text_literal("\0\0\0\10"));
    caller_sends(peers, &bytes);
    assert_int_equal(ends.of[GUARD_RESET_CALLER], 1);
    assert_true(peers->streams[3].reset);
    put_request(&bytes, 5, 0);
    put_frame(&bytes, FRAME_DATA, 0, 5, text_literal("\7"));
    caller_sends(peers, &bytes);
    assert_int_equal(ends.of[GUARD_FAULTY], 1);
    caller_calls(peers, 7);
    nghttp2_submit_rst_stream(peers->core, 0, 7, NGHTTP2_INTERNAL_ERROR);
    core_sends(peers);
    assert_int_equal(ends.of[GUARD_RESET_CORE], 1);
    assert_true(got_reset(peers, 7, HTTP2_INTERNAL_ERROR));
    caller_calls(peers, 9);
    peers_restart(peers);
    assert_int_equal(ends.of[GUARD_ABANDONED], 1);
}

static void a_message_without_memory_for_it_fails_its_call(void **state)
{
    struct peers *peers = *state;
    static const char large[100];
    struct output bytes = {0};
    peers->hooks = (struct guard_hooks){.reserve = reserve};
    put_request(&bytes, 1, 0);
    put_message(&bytes, 1, FLAG_END_STREAM, (struct text){large, sizeof large});
    caller_sends(peers, &bytes);
    assert_int_equal(got_status(peers, 1), STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(peers->streams[1].data.size, 0);
}

static void a_message_that_does_not_come_in_time_ends_its_call(void **state)
{
    struct peers *peers = *state;
    struct output bytes = {0};
    put_request(&bytes, 1, 0);
    caller_sends(peers, &bytes);
    caller_calls(peers, 3);
    guard_tick(peers->guard, 31 * FRAME_BUDGET_SECOND, &peers->outputs);
    core_sends(peers);
    assert_int_equal(got_status(peers, 1), -1);
    guard_tick(peers->guard, 32 * FRAME_BUDGET_SECOND, &peers->outputs);
    core_sends(peers);
    assert_int_equal(got_status(peers, 1), STATUS_DEADLINE_EXCEEDED);
    assert_true(peers->streams[1].reset);
    assert_int_equal(got_status(peers, 3), -1);
    assert_int_equal(guard_open_streams(peers->guard), 1);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        test(a_call_passes_both_ways),
        test(a_message_is_held_until_the_caller_has_ended_its_side),
        test(a_message_that_trailers_end_is_passed_whole),
        test(a_second_message_ends_a_unary_call_before_the_first_is_whole),
        test(a_caller_that_still_sends_is_stopped_behind_its_status),
        test(the_front_may_fail_a_stream_by_its_headers),
        test(a_refusal_has_the_fields_before_the_fault_or_the_method),
        test(the_front_may_refuse_a_stream),
        test(a_stream_of_messages_passes_when_the_front_says_so),
        test(each_stream_that_passed_is_reported_once_when_it_ends),
        test(a_message_without_memory_for_it_fails_its_call),
        test(a_message_that_does_not_come_in_time_ends_its_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
