/* SPDX-License-Identifier: MIT */
/* When is a commit reported, and as what? A request leaves when it is good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http2_peers.h"
#include "server/front_connection.h"

#include "base/banned.h"

struct trial {
    struct peers *peers; /* whose guard is the connection's; stream 1 is open */
    struct front front;
    struct front_connection connection;
    struct front_commit commit;
    int caller;
    unsigned reports;
    bool is_good; /* of the last report */
};

static void on_done(struct front_commit *commit, bool good)
{
    struct trial *trial = (struct trial *)((char *)commit - offsetof(struct trial, commit));
    trial->reports++;
    trial->is_good = good;
}

static int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    int ends[2];
    void *peers;
    if (!trial || peers_set_up(&peers) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    trial->peers = peers;
    trial->caller = ends[1];
    trial->connection.channel.fd = ends[0];
    trial->connection.front = &trial->front;
    trial->connection.guard = trial->peers->guard;
    STAILQ_INIT(&trial->connection.commits);
    trial->commit.done = on_done;
    trial->commit.stream = 1;
    caller_calls(trial->peers, 1);
    *state = trial;
    return 0;
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    void *peers = trial->peers;
    close(trial->caller);
    close(trial->connection.channel.fd);
    output_clear(&trial->front.outputs.to_caller);
    free(trial);
    return peers_tear_down(&peers);
}

/* The caller's socket takes these bytes of what is for the caller. */
static void take(struct trial *trial, size_t bytes)
{
    output_consume(&trial->front.outputs.to_caller, bytes);
    trial->connection.flushed += bytes;
    front_commits_report(&trial->connection);
}

static void take_all(struct trial *trial)
{
    take(trial, trial->front.outputs.to_caller.size);
}

static void a_commit_is_good_when_the_socket_has_taken_its_headers_whole(void **state)
{
    struct trial *trial = *state;
    front_commit_send(&trial->connection, &trial->commit);
    size_t size = trial->front.outputs.to_caller.size;
    assert_int_not_equal(size, 0);
    take(trial, size - 1);
    assert_int_equal(trial->reports, 0);
    take(trial, 1);
    assert_int_equal(trial->reports, 1);
    assert_true(trial->is_good);
}

/* A caller that closes while its headers are written may repeat the call elsewhere. */
static void a_caller_that_has_closed_without_being_read_commits_nothing(void **state)
{
    struct trial *trial = *state;
    front_commit_send(&trial->connection, &trial->commit);
    shutdown(trial->caller, SHUT_WR);
    take_all(trial);
    assert_int_equal(trial->reports, 1);
    assert_false(trial->is_good);
}

static void a_call_that_was_reset_before_its_headers_left_is_not_committed(void **state)
{
    struct trial *trial = *state;
    struct output bytes = {0};
    front_commit_send(&trial->connection, &trial->commit);
    put_frame(&bytes, FRAME_RST_STREAM, 0, 1, text_literal("\0\0\0\10"));
    caller_sends(trial->peers, &bytes);
    take_all(trial);
    assert_int_equal(trial->reports, 1);
    assert_false(trial->is_good);
}

static void a_call_that_has_ended_is_reported_at_once(void **state)
{
    struct trial *trial = *state;
    trial->commit.stream = 3;
    front_commit_send(&trial->connection, &trial->commit);
    assert_int_equal(trial->front.outputs.to_caller.size, 0);
    assert_int_equal(trial->reports, 1);
    assert_false(trial->is_good);
}

static void the_end_of_the_connection_fails_what_was_not_taken(void **state)
{
    struct trial *trial = *state;
    front_commit_send(&trial->connection, &trial->commit);
    front_commits_fail(&trial->connection);
    assert_int_equal(trial->reports, 1);
    assert_false(trial->is_good);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        test(a_commit_is_good_when_the_socket_has_taken_its_headers_whole),
        test(a_caller_that_has_closed_without_being_read_commits_nothing),
        test(a_call_that_was_reset_before_its_headers_left_is_not_committed),
        test(a_call_that_has_ended_is_reported_at_once),
        test(the_end_of_the_connection_fails_what_was_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
