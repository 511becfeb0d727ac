/* SPDX-License-Identifier: MIT */
/* Does one stream or one slow caller leave others alone, and is it known when bytes have left? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "front_trial.h"

#include "base/banned.h"

struct commit {
    struct front_commit commit;
    atomic_uint *order; /* of all of a test */
    atomic_uint done;   /* its place in that order; 0: not yet */
    atomic_bool good;
};

static const struct guard_field ahead = {text_literal("x-ahead"), text_literal("first")};

static void on_committed(struct front_commit *request, bool good)
{
    struct commit *commit = container_of(request, struct commit, commit);
    commit->good = good;
    commit->done = ++*commit->order;
}

static void begin_commit(struct trial *trial, uint64_t call, struct commit *commit,
                         atomic_uint *order)
{
    *commit = (struct commit){
        .commit = {.call = call, .fields = &ahead, .field_count = 1, .done = on_committed},
        .order = order};
    front_commit(trial->front, &commit->commit);
}

static bool has_status(const struct h2_frame *frame, const char *code)
{
    return h2_has(frame, "grpc-status", code);
}

static void a_call_that_the_front_ends_leaves_its_neighbour_alone(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    open_connection(trial);
    uint32_t neighbour = call(trial);
    uint32_t faulty =
        h2_open(&trial->caller, ALLOWED, 0, (struct h2_field[]){{"x-bin", "!"}, {NULL, NULL}});
    h2_expect(&trial->caller, H2_HEADERS, faulty, &frame);
    assert_true(has_status(&frame, "13"));
    h2_message(&trial->caller, faulty, false, text_literal("its message"));
    respond(&trial->core, neighbour);
    do
        assert_true(h2_next(&trial->caller, &frame));
    while (frame.stream == faulty);
    assert_int_equal(frame.stream, neighbour);
    assert_true(has_status(&frame, "0"));
    /* C-core has seen nothing of the other one. */
    uint32_t next = call(trial);
    assert_true(next > faulty);
}

/* A message of two parts, the second of which shows that it is too large. */
static void a_call_that_c_core_has_is_reset_there_when_the_front_ends_it(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    open_connection(trial);
    uint32_t stream = h2_open(&trial->caller, ALLOWED, 0, NULL);
    expect_call(&trial->core, stream);
    h2_send(&trial->caller, H2_DATA, 0, stream, text_literal("\7\0\0\0\1x"));
    h2_expect(&trial->caller, H2_HEADERS, stream, &frame);
    assert_true(has_status(&frame, "13"));
    h2_expect(&trial->core, H2_RST_STREAM, stream, &frame);
    /* Bytes that C-core still writes on it reach nobody. */
    respond(&trial->core, stream);
    uint32_t next = call(trial);
    respond(&trial->core, next);
    do
        assert_true(h2_next(&trial->caller, &frame));
    while (frame.kind == H2_RST_STREAM);
    assert_int_equal(frame.stream, next);
}

static void a_caller_that_is_not_allowed_is_refused_by_its_headers_alone(void **state)
{
    struct trial *trial = *state;
    const struct peer stranger = {.address = "test:2", .who = "other", .caller = "spiffe://x/y"};
    struct h2_frame frame;
    int ends[2];
    open_front(trial);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_null(front_add(trial->front, ends[1], false, &stranger));
    trial->caller = (struct h2){.fd = ends[0], .next = 1};
    assert_int_equal(send(ends[0], PREFACE, strlen(PREFACE), MSG_NOSIGNAL), strlen(PREFACE));
    h2_send(&trial->caller, H2_SETTINGS, 0, 0, text_literal("\0\1\0\0\0\0"));
    take_core(trial, 0, &trial->core);
    uint32_t refused = h2_open(&trial->caller, ALLOWED, 0, NULL);
    h2_expect(&trial->caller, H2_HEADERS, refused, &frame);
    assert_true(has_status(&frame, "7"));
    assert_int_equal(trial->rejected, 1);
    /* Health is for everybody. */
    uint32_t check = h2_open(&trial->caller, "/grpc.health.v1.Health/Check", 0, NULL);
    expect_call(&trial->core, check);
}

static void an_error_of_the_connection_is_reported_once(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    open_connection(trial);
    uint32_t stream = call(trial);
    for (int i = 0; i < 2; i++)
        h2_send(&trial->caller, H2_WINDOW_UPDATE, 0, 0, text_literal("\0\0\0\0"));
    expect_goaway(&trial->caller, stream);
    respond(&trial->core, stream);
    h2_expect(&trial->caller, H2_HEADERS, stream, &frame);
    expect_end(&trial->caller);
    assert_int_equal(trial->disconnected, 1);
}

/* C-core's own pings pass, and their payload shows that none is lost. */
static bool write_ping(struct h2 *core, uint32_t number)
{
    uint32_t payload[2] = {htonl(number), 0};
    return h2_try_send(core, H2_PING, 0, 0, (struct text){(char *)payload, sizeof payload});
}

/* Writes until C-core's side takes no more for a while, and returns how many. */
static uint32_t write_pings(struct h2 *core)
{
    uint32_t count = 0;
    for (struct pollfd ready = {core->fd, POLLOUT, 0}; poll(&ready, 1, 300) == 1;)
        while (write_ping(core, count))
            count++;
    return count;
}

static void expect_pings(struct h2 *caller, uint32_t count)
{
    struct h2_frame frame;
    for (uint32_t number = 0; number < count;) {
        uint32_t got;
        while (!h2_take(caller, &frame)) {
            assert_false(caller->has_ended);
            h2_receive(caller);
        }
        if (frame.kind != H2_PING)
            continue;
        memcpy(&got, frame.payload.data, sizeof got);
        assert_int_equal(ntohl(got), number++);
    }
}

static void a_caller_that_does_not_read_slows_down_c_core_and_loses_nothing(void **state)
{
    struct trial *trial = *state;
    struct front_call slow = {0};
    open_connection(trial);
    call_numbered(trial, &slow.number);
    assert_true(front_has_room(trial->front, &slow));
    uint32_t written = write_pings(&trial->core);
    assert_true(written * 17 < 8U << 20);
    assert_false(front_has_room(trial->front, &slow));
    expect_pings(&trial->caller, written);
    loop_until(trial->loop, front_has_room(trial->front, &slow));
}

static void a_slow_caller_does_not_hold_up_another_one(void **state)
{
    struct trial *trial = *state;
    struct h2 slow, slow_core;
    struct h2_frame frame;
    open_connection(trial);
    connect_caller(trial, &slow, &slow_core);
    write_pings(&slow_core);
    uint32_t stream = call(trial);
    respond(&trial->core, stream);
    h2_expect(&trial->caller, H2_HEADERS, stream, &frame);
    close_end(&slow);
    close_end(&slow_core);
}

static void commits_are_reported_in_order_once_the_headers_are_in_the_callers_socket(void **state)
{
    struct trial *trial = *state;
    struct commit commits[3];
    struct h2_frame frame;
    uint32_t streams[3];
    uint64_t numbers[3];
    atomic_uint order = 0;
    open_connection(trial);
    for (size_t i = 0; i < array_length(commits); i++)
        streams[i] = call_numbered(trial, &numbers[i]);
    for (size_t i = 0; i < array_length(commits); i++)
        begin_commit(trial, numbers[i], &commits[i], &order);
    loop_until(trial->loop, commits[array_length(commits) - 1].done > 0);
    for (size_t i = 0; i < array_length(commits); i++) {
        assert_int_equal(commits[i].done, i + 1);
        assert_true(commits[i].good);
    }
    /* They were there when they were reported. */
    trial->caller.loop = NULL;
    for (size_t i = 0; i < array_length(commits); i++) {
        h2_expect(&trial->caller, H2_HEADERS, streams[i], &frame);
        assert_true(h2_has(&frame, "x-ahead", "first"));
    }
}

static void a_commit_waits_for_a_caller_that_does_not_read(void **state)
{
    struct trial *trial = *state;
    struct commit commit;
    uint64_t number;
    atomic_uint order = 0;
    open_connection(trial);
    call_numbered(trial, &number);
    uint32_t written = write_pings(&trial->core);
    begin_commit(trial, number, &commit, &order);
    poll(NULL, 0, 50);
    assert_int_equal(commit.done, 0);
    expect_pings(&trial->caller, written);
    loop_until(trial->loop, commit.done == 1);
    assert_true(commit.good);
}

static void a_commit_fails_when_the_caller_has_closed_its_end(void **state)
{
    struct trial *trial = *state;
    struct commit commit;
    uint64_t number;
    atomic_uint order = 0;
    open_connection(trial);
    call_numbered(trial, &number);
    assert_int_equal(shutdown(trial->caller.fd, SHUT_WR), 0);
    begin_commit(trial, number, &commit, &order);
    loop_until(trial->loop, commit.done == 1);
    assert_false(commit.good);
}

static void a_commit_fails_when_the_connection_is_cut(void **state)
{
    struct trial *trial = *state;
    struct commit commit;
    uint64_t number;
    atomic_uint order = 0;
    open_connection(trial);
    call_numbered(trial, &number);
    write_pings(&trial->core);
    begin_commit(trial, number, &commit, &order);
    front_cut(trial->front);
    loop_until(trial->loop, commit.done == 1);
    assert_false(commit.good);
}

static void a_commit_fails_for_a_call_that_is_not_there(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    uint64_t ended;
    open_connection(trial);
    uint32_t stream = call_numbered(trial, &ended);
    respond(&trial->core, stream);
    h2_expect(&trial->caller, H2_HEADERS, stream, &frame);
    const uint64_t none[] = {0, 1, ended, ended + 1, UINT64_MAX};
    for (size_t i = 0; i < array_length(none); i++) {
        struct commit commit;
        atomic_uint order = 0;
        begin_commit(trial, none[i], &commit, &order);
        loop_until(trial->loop, commit.done == 1);
        assert_false(commit.good);
    }
}

struct followed {
    struct front_call call;
    atomic_uint ended;
};

static void on_ended(struct front_call *call)
{
    container_of(call, struct followed, call)->ended++;
}

static void follow(struct trial *trial, struct followed *followed)
{
    struct peer peer;
    followed->call.ended = on_ended;
    followed->ended = 0;
    assert_true(front_follow(trial->front, &followed->call, &peer));
    assert_string_equal(peer.address, "test:1");
}

static void the_end_of_a_call_that_is_followed_is_reported_once(void **state)
{
    struct trial *trial = *state;
    struct followed reset, ended, left;
    struct h2_frame frame;
    struct peer peer;
    open_connection(trial);
    uint32_t stream = call_numbered(trial, &reset.call.number);
    follow(trial, &reset);
    h2_send(&trial->caller, H2_RST_STREAM, 0, stream, text_literal("\0\0\0\10"));
    h2_expect(&trial->core, H2_RST_STREAM, stream, &frame);
    loop_until(trial->loop, reset.ended == 1);
    stream = call_numbered(trial, &ended.call.number);
    follow(trial, &ended);
    respond(&trial->core, stream);
    loop_until(trial->loop, ended.ended == 1);
    call_numbered(trial, &left.call.number);
    follow(trial, &left);
    close_end(&trial->caller);
    loop_until(trial->loop, left.ended == 1);
    struct followed *const all[] = {&reset, &ended, &left};
    for (size_t i = 0; i < array_length(all); i++) {
        assert_int_equal(all[i]->ended, 1);
        assert_false(front_unfollow(trial->front, &all[i]->call));
        assert_false(front_follow(trial->front, &all[i]->call, &peer));
    }
}

static void the_end_of_a_call_that_is_followed_no_longer_is_not_reported(void **state)
{
    struct trial *trial = *state;
    struct h2_frame frame;
    struct followed followed, next;
    open_connection(trial);
    uint32_t stream = call_numbered(trial, &followed.call.number);
    follow(trial, &followed);
    assert_true(front_unfollow(trial->front, &followed.call));
    respond(&trial->core, stream);
    h2_expect(&trial->caller, H2_HEADERS, stream, &frame);
    call_numbered(trial, &next.call.number);
    assert_true(next.call.number != followed.call.number);
    assert_int_equal(followed.ended, 0);
}

static void more_cancelled_calls_than_streams_in_a_second_end_the_connection(void **state)
{
    struct trial *trial = *state;
    trial->config.max_streams = 10;
    open_connection(trial);
    while (trial->disconnected == 0 && trial->caller.next < 1000) {
        uint32_t stream = h2_open(&trial->caller, ALLOWED, 0, NULL);
        if (!h2_try_send(&trial->caller, H2_RST_STREAM, 0, stream, text_literal("\0\0\0\x08")))
            break;
        h2_receive(&trial->core);
    }
    loop_until(trial->loop, trial->disconnected == 1);
    loop_until(trial->loop, front_connections(trial->front) == 0);
}

static void no_caller_can_choose_the_number_of_a_call(void **state)
{
    static const char *const paths[] = {
        ALLOWED, "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/CheckMore",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"};
    struct trial *trial = *state;
    struct h2_frame frame;
    uint64_t victim;
    char chosen[DECIMAL_BYTES + 1] = "";
    open_connection(trial);
    call_numbered(trial, &victim);
    chosen[text_from_u64(chosen, victim)] = '\0';
    for (size_t i = 0; i < array_length(paths); i++) {
        const struct h2_field fields[] = {{FRONT_CALL_FIELD, chosen}, {NULL, NULL}};
        uint32_t stream = h2_open(&trial->caller, paths[i], H2_END_STREAM, fields);
        h2_expect(&trial->core, H2_HEADERS, stream, &frame);
        assert_true(h2_has(&frame, FRONT_CALL_FIELD, chosen));
        assert_true(number_of(&frame) > victim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_that_the_front_ends_leaves_its_neighbour_alone),
        TEST(a_call_that_c_core_has_is_reset_there_when_the_front_ends_it),
        TEST(a_caller_that_is_not_allowed_is_refused_by_its_headers_alone),
        TEST(an_error_of_the_connection_is_reported_once),
        TEST(a_caller_that_does_not_read_slows_down_c_core_and_loses_nothing),
        TEST(a_slow_caller_does_not_hold_up_another_one),
        TEST(commits_are_reported_in_order_once_the_headers_are_in_the_callers_socket),
        TEST(a_commit_waits_for_a_caller_that_does_not_read),
        TEST(a_commit_fails_when_the_caller_has_closed_its_end),
        TEST(a_commit_fails_when_the_connection_is_cut),
        TEST(a_commit_fails_for_a_call_that_is_not_there),
        TEST(the_end_of_a_call_that_is_followed_is_reported_once),
        TEST(the_end_of_a_call_that_is_followed_no_longer_is_not_reported),
        TEST(no_caller_can_choose_the_number_of_a_call),
        TEST(more_cancelled_calls_than_streams_in_a_second_end_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
