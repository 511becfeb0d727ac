/* SPDX-License-Identifier: MIT */
/* Are connections limited and identified, and does accepting survive running out of descriptors? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "listener_trial.h"

#include "base/banned.h"

static void a_silent_connection_is_closed_after_the_handshake_timeout(void **state)
{
    struct trial *trial = *state;
    trial->config.handshake_timeout_ns = CLOCK_NS_PER_MS;
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    int silent = connect_tcp(trial, 0);
    loop_until(trial->loop, is_closed(silent));
    close(silent);
}

static void connections_above_the_bound_are_refused_until_one_ends(void **state)
{
    struct trial *trial = *state;
    trial->config.max_connections = 2;
    listen_tcp(trial, "127.0.0.1", 0);
    listen_unix(trial);
    open_listeners(trial);
    int first = connect_tcp(trial, 0), second = connect_unix(trial);
    expect_accepted(trial, first);
    expect_accepted(trial, second);
    expect_refused(trial, connect_tcp(trial, 0), "--max-connections is reached");
    close(second);
    close(trial->accepted[--trial->accepted_count]);
    loop_until(trial->loop, front_connections(trial->front) == 1);
    int third = connect_tcp(trial, 0);
    expect_accepted(trial, third);
    expect_refused(trial, connect_unix(trial), "--max-connections is reached");
    close(first);
    close(third);
}

static void one_peer_cannot_use_up_the_connections_of_others(void **state)
{
    struct trial *trial = *state;
    trial->config.max_connections_per_peer = 1;
    listen_tcp(trial, "127.0.0.1", 0);
    listen_unix(trial);
    open_listeners(trial);
    int first = connect_tcp(trial, 0);
    expect_accepted(trial, first);
    expect_refused(trial, connect_tcp(trial, 0), "--max-connections-per-peer is reached");
    int other = connect_unix(trial);
    expect_accepted(trial, other);
    close(first);
    close(other);
}

static void each_refusal_is_reported(void **state)
{
    struct trial *trial = *state;
    trial->config.max_connections = 1;
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    int first = connect_tcp(trial, 0);
    expect_accepted(trial, first);
    for (unsigned i = 0; i < 20; i++) {
        expect_refused(trial, connect_tcp(trial, 0), "--max-connections");
        assert_int_equal(trial->refusals, i + 1);
    }
    close(first);
}

/* A WINDOW_UPDATE of 0 bytes: a connection that is closed for a fault is reported with its peer. */
static void expect_peer(struct trial *trial, int client, const char *expected)
{
    static const char fault[] = "\0\0\4\10\0\0\0\0\0\0\0\0\0";
    assert_int_equal(send(client, fault, sizeof fault - 1, MSG_NOSIGNAL), sizeof fault - 1);
    loop_until(trial->loop, trial->disconnections == 1);
    assert_string_equal(trial->disconnected, expected);
}

static void a_peer_is_known_by_address_and_port(void **state)
{
    struct trial *trial = *state;
    struct sockaddr_in own;
    socklen_t bytes = sizeof own;
    char expected[64];
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    int client = connect_tcp(trial, 0);
    assert_int_equal(getsockname(client, (struct sockaddr *)&own, &bytes), 0);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", ntohs(own.sin_port));
    expect_accepted(trial, client);
    expect_peer(trial, client, expected);
    close(client);
}

static void a_peer_on_a_unix_socket_is_known_by_user_group_and_process(void **state)
{
    struct trial *trial = *state;
    char expected[64];
    listen_unix(trial);
    open_listeners(trial);
    int client = connect_unix(trial);
    snprintf(expected, sizeof expected, "unix:uid=%u,gid=%u,pid=%d", getuid(), getgid(), getpid());
    expect_accepted(trial, client);
    expect_peer(trial, client, expected);
    close(client);
}

/* From now on only descriptors below `first` are available. */
static void run_out_of_descriptors(const struct trial *trial, int first)
{
    struct rlimit none = {(rlim_t)first, trial->descriptors.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void restore_descriptors(const struct trial *trial)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &trial->descriptors), 0);
}

static int next_descriptor(void)
{
    int next = dup(0);
    close(next);
    return next;
}

/* The front gives up its descriptors of a connection a moment after the caller has closed. */
static void close_and_wait(const struct trial *trial, int client)
{
    close(client);
    loop_until(trial->loop, front_connections(trial->front) == 0);
}

static void expect_shedding(struct trial *trial)
{
    int refused = connect_tcp(trial, 0);
    run_out_of_descriptors(trial, next_descriptor());
    expect_refused(trial, refused, strerror(EMFILE));
    restore_descriptors(trial);
    int accepted = connect_tcp(trial, 0);
    expect_accepted(trial, accepted);
    close_and_wait(trial, accepted);
}

static void
a_caller_is_disconnected_when_descriptors_run_out_and_later_ones_are_accepted(void **state)
{
    struct trial *trial = *state;
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    for (int i = 0; i < 3; i++)
        expect_shedding(trial);
}

/* The spare descriptor is opened first, so that the limit can take it away as well. */
static void a_listener_without_a_spare_descriptor_pauses_and_recovers(void **state)
{
    struct trial *trial = *state;
    int turns = 0, spare = next_descriptor();
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    int waiting = connect_tcp(trial, 0);
    run_out_of_descriptors(trial, spare);
    for (int64_t end = clock_now_ns() + 200 * CLOCK_NS_PER_MS; clock_now_ns() < end; turns++)
        loop_turn(trial->loop);
    assert_true(turns < 100);
    assert_int_equal(trial->refusals, 1);
    restore_descriptors(trial);
    expect_accepted(trial, waiting);
    close_and_wait(trial, waiting);
    expect_shedding(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_silent_connection_is_closed_after_the_handshake_timeout),
        TEST(connections_above_the_bound_are_refused_until_one_ends),
        TEST(one_peer_cannot_use_up_the_connections_of_others),
        TEST(each_refusal_is_reported),
        TEST(a_peer_is_known_by_address_and_port),
        TEST(a_peer_on_a_unix_socket_is_known_by_user_group_and_process),
        TEST(a_caller_is_disconnected_when_descriptors_run_out_and_later_ones_are_accepted),
        TEST(a_listener_without_a_spare_descriptor_pauses_and_recovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
