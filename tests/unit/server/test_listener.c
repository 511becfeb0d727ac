/* SPDX-License-Identifier: MIT */
/* Which connections are accepted, is each refusal reported, and does listening survive errors? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"
#include "server/listener.h"

#include "base/banned.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#define MOST_ACCEPTED 16

struct trial {
    char folder[32], path[64];
    struct event_base *loop;
    struct config config;
    struct listeners *listeners;
    int accepted[MOST_ACCEPTED];
    size_t accepted_count;
    unsigned refusals, disconnections;
    struct rlimit descriptors;
    char why[128];
};

static void on_accepted(int fd, void *context)
{
    struct trial *trial = context;
    assert_true(trial->accepted_count < MOST_ACCEPTED);
    trial->accepted[trial->accepted_count++] = fd;
}

static void on_refused(const char *why, void *context)
{
    struct trial *trial = context;
    trial->refusals++;
    snprintf(trial->why, sizeof trial->why, "%s", why);
}

static void on_disconnected(const char *peer, const char *why, void *context)
{
    struct trial *trial = context;
    assert_memory_equal(peer, "127.0.0.1:", strlen("127.0.0.1:"));
    trial->disconnections++;
    snprintf(trial->why, sizeof trial->why, "%s", why);
}

static int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return -1;
    snprintf(trial->folder, sizeof trial->folder, "/tmp/listener.XXXXXX");
    if (!mkdtemp(trial->folder))
        return -1;
    snprintf(trial->path, sizeof trial->path, "%s/socket", trial->folder);
    getrlimit(RLIMIT_NOFILE, &trial->descriptors);
    trial->loop = event_base_new();
    trial->config = (struct config){
        .max_connections = 100,
        .max_connections_per_peer = 100,
        .handshake_timeout_ns = 60 * CLOCK_NS_PER_S,
    };
    *state = trial;
    return 0;
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    setrlimit(RLIMIT_NOFILE, &trial->descriptors);
    listeners_free(trial->listeners);
    event_base_free(trial->loop);
    for (size_t i = 0; i < trial->accepted_count; i++)
        close(trial->accepted[i]);
    unlink(trial->path);
    rmdir(trial->folder);
    free(trial);
    return 0;
}

static void listen_tcp(struct trial *trial, const char *host, uint16_t port)
{
    trial->config.listen[trial->config.listen_count++] =
        (struct address){.host = host, .port = port};
}

static void listen_unix(struct trial *trial)
{
    trial->config.listen[trial->config.listen_count++] = (struct address){.unix_path = trial->path};
}

static bool try_open(struct trial *trial, struct status *status)
{
    struct listener_events events = {on_accepted, on_refused, on_disconnected, trial, NULL};
    return listeners_open(&trial->config, trial->loop, &events, &trial->listeners, status);
}

static void open_listeners(struct trial *trial)
{
    struct status status;
    if (!try_open(trial, &status))
        fail_msg("%s", status.message);
}

static void expect_not_opened(struct trial *trial, const char *named)
{
    struct status status;
    assert_false(try_open(trial, &status));
    assert_int_equal(status.code, STATUS_FAILED_PRECONDITION);
    if (!strstr(status.message, named))
        fail_msg("%s", status.message);
    assert_null(trial->listeners);
}

static uint16_t port_of(const struct trial *trial, size_t index)
{
    return (uint16_t)strtoul(strrchr(listeners_address(trial->listeners, index), ':') + 1, NULL,
                             10);
}

static int connect_to(const struct sockaddr *address, socklen_t bytes)
{
    int fd = socket(address->sa_family, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, address, bytes), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static int connect_tcp(const struct trial *trial, size_t index)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(port_of(trial, index)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect_to((struct sockaddr *)&to, sizeof to);
}

static struct sockaddr_un unix_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

static int connect_unix(const struct trial *trial)
{
    struct sockaddr_un to = unix_address(trial->path);
    return connect_to((struct sockaddr *)&to, sizeof to);
}

/* A socket file as a process leaves it, or still holds it. */
static int bind_path(const char *path, bool listens)
{
    struct sockaddr_un at = unix_address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    if (listens)
        assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void speak(int client)
{
    assert_int_equal(send(client, preface, strlen(preface), MSG_NOSIGNAL), strlen(preface));
}

static bool is_closed(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_PEEK);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

static void expect_let_in(struct trial *trial, int client)
{
    size_t before = trial->accepted_count;
    speak(client);
    loop_until(trial->loop, trial->accepted_count > before || is_closed(client));
    assert_int_equal(trial->accepted_count, before + 1);
}

static void expect_refused(struct trial *trial, int client, const char *why)
{
    size_t before = trial->accepted_count;
    loop_until(trial->loop, is_closed(client));
    assert_int_equal(trial->accepted_count, before);
    if (!strstr(trial->why, why))
        fail_msg("%s", trial->why);
    close(client);
}

static void port_0_is_reported_as_the_port_that_was_picked(void **state)
{
    struct trial *trial = *state;
    listen_tcp(trial, "127.0.0.1", 0);
    listen_tcp(trial, "localhost", 0);
    open_listeners(trial);
    assert_int_equal(listeners_count(trial->listeners), 2);
    assert_int_not_equal(port_of(trial, 0), 0);
    assert_int_not_equal(port_of(trial, 1), 0);
    int client = connect_tcp(trial, 0);
    expect_let_in(trial, client);
    close(client);
}

static void an_accepted_connection_still_has_all_its_bytes(void **state)
{
    struct trial *trial = *state;
    char heard[64];
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    int client = connect_tcp(trial, 0);
    expect_let_in(trial, client);
    assert_int_equal(recv(trial->accepted[0], heard, sizeof heard, 0), strlen(preface));
    close(client);
}

static void an_address_in_use_ends_the_start_and_nothing_stays_open(void **state)
{
    struct trial *trial = *state;
    struct stat file;
    char taken[32];
    int other = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    assert_int_equal(bind(other, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(other, 1), 0);
    assert_int_equal(getsockname(other, (struct sockaddr *)&at, &bytes), 0);
    listen_unix(trial);
    listen_tcp(trial, "127.0.0.1", ntohs(at.sin_port));
    snprintf(taken, sizeof taken, "127.0.0.1:%d", ntohs(at.sin_port));
    expect_not_opened(trial, taken);
    assert_int_equal(stat(trial->path, &file), -1);
    close(other);
}

static void a_stale_socket_file_is_replaced(void **state)
{
    struct trial *trial = *state;
    close(bind_path(trial->path, true));
    listen_unix(trial);
    open_listeners(trial);
    int client = connect_unix(trial);
    expect_let_in(trial, client);
    close(client);
}

static void a_regular_file_is_left_alone(void **state)
{
    struct trial *trial = *state;
    char kept[8] = "";
    int file = open(trial->path, O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(file, "precious", 8), 8);
    listen_unix(trial);
    expect_not_opened(trial, trial->path);
    assert_int_equal(pread(file, kept, 8, 0), 8);
    assert_memory_equal(kept, "precious", 8);
    assert_int_equal(access(trial->path, F_OK), 0);
    close(file);
}

static void
a_socket_that_another_process_listens_on_is_left_alone_even_when_it_is_busy(void **state)
{
    struct trial *trial = *state;
    int other = bind_path(trial->path, true), waiting[8];
    struct sockaddr_un to = unix_address(trial->path);
    /* Until nobody else fits into its queue. */
    for (size_t i = 0; i < array_length(waiting); i++) {
        waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(waiting[i], (struct sockaddr *)&to, sizeof to);
    }
    listen_unix(trial);
    expect_not_opened(trial, trial->path);
    assert_int_equal(access(trial->path, F_OK), 0);
    for (size_t i = 0; i < array_length(waiting); i++)
        close(waiting[i]);
    close(other);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    struct trial *trial = *state;
    char longer[200] = "/tmp/";
    memset(longer + 5, 'x', sizeof longer - 6);
    trial->config.listen[trial->config.listen_count++] = (struct address){.unix_path = longer};
    expect_not_opened(trial, "107");
}

static void everybody_who_reaches_a_unix_socket_may_connect(void **state)
{
    struct trial *trial = *state;
    struct stat file;
    listen_unix(trial);
    mode_t before = umask(0077);
    open_listeners(trial);
    umask(before);
    assert_int_equal(stat(trial->path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0666);
}

static void a_unix_socket_is_removed_when_listening_stops(void **state)
{
    struct trial *trial = *state;
    listen_unix(trial);
    open_listeners(trial);
    listeners_stop(trial->listeners);
    assert_int_equal(access(trial->path, F_OK), -1);
}

static void a_socket_that_another_process_put_there_is_not_removed(void **state)
{
    struct trial *trial = *state;
    listen_unix(trial);
    open_listeners(trial);
    assert_int_equal(unlink(trial->path), 0);
    int other = bind_path(trial->path, true);
    listeners_stop(trial->listeners);
    assert_int_equal(access(trial->path, F_OK), 0);
    close(other);
}

static void stopping_turns_away_who_has_not_been_handed_over(void **state)
{
    struct trial *trial = *state;
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    int silent = connect_tcp(trial, 0);
    loop_turn(trial->loop);
    listeners_stop(trial->listeners);
    assert_int_equal(listeners_count(trial->listeners), 0);
    loop_until(trial->loop, is_closed(silent));
    assert_int_equal(trial->accepted_count, 0);
    close(silent);
}

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
    expect_let_in(trial, first);
    expect_let_in(trial, second);
    expect_refused(trial, connect_tcp(trial, 0), "--max-connections is reached");
    close(trial->accepted[--trial->accepted_count]);
    int third = connect_tcp(trial, 0);
    expect_let_in(trial, third);
    expect_refused(trial, connect_unix(trial), "--max-connections is reached");
    close(first);
    close(second);
    close(third);
}

static void one_peer_cannot_take_the_places_of_others(void **state)
{
    struct trial *trial = *state;
    trial->config.max_connections_per_peer = 1;
    listen_tcp(trial, "127.0.0.1", 0);
    listen_unix(trial);
    open_listeners(trial);
    int first = connect_tcp(trial, 0);
    expect_let_in(trial, first);
    expect_refused(trial, connect_tcp(trial, 0), "--max-connections-per-peer is reached");
    int other = connect_unix(trial);
    expect_let_in(trial, other);
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
    expect_let_in(trial, first);
    for (unsigned i = 0; i < 20; i++) {
        expect_refused(trial, connect_tcp(trial, 0), "--max-connections");
        assert_int_equal(trial->refusals, i + 1);
    }
    close(first);
}

#define STREAMS 5

static void only_a_peer_that_cancels_more_calls_than_allowed_is_disconnected(void **state)
{
    struct trial *trial = *state;
    trial->config.max_streams = STREAMS;
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    int hostile = connect_tcp(trial, 0), other = connect_tcp(trial, 0);
    expect_let_in(trial, hostile);
    expect_let_in(trial, other);
    for (int i = 0; i < STREAMS; i++) {
        listener_count_cancel(trial->listeners, trial->accepted[0]);
        listener_count_cancel(trial->listeners, trial->accepted[1]);
    }
    assert_int_equal(trial->disconnections, 0);
    for (int i = 0; i < 3 * STREAMS; i++)
        listener_count_cancel(trial->listeners, trial->accepted[0]);
    assert_true(is_closed(hostile));
    assert_int_equal(trial->disconnections, 1);
    assert_non_null(strstr(trial->why, "--max-streams"));
    assert_int_equal(send(trial->accepted[1], "x", 1, MSG_NOSIGNAL), 1);
    close(hostile);
    close(other);
}

static void a_connection_that_is_not_known_is_left_alone(void **state)
{
    struct trial *trial = *state;
    trial->config.max_streams = 1;
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    for (int i = 0; i < 10; i++) {
        listener_count_cancel(trial->listeners, 0);
        listener_count_cancel(trial->listeners, 1 << 20);
    }
    assert_int_equal(trial->disconnections, 0);
}

static void expect_peer(struct trial *trial, const char *expected)
{
    struct peer peer;
    listener_peer(trial->listeners, trial->accepted[trial->accepted_count - 1], &peer);
    assert_string_equal(peer.address, expected);
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
    expect_let_in(trial, client);
    expect_peer(trial, expected);
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
    expect_let_in(trial, client);
    expect_peer(trial, expected);
    close(client);
}

static void a_descriptor_that_was_never_accepted_has_no_known_peer(void **state)
{
    struct trial *trial = *state;
    const int never[] = {-1, 0, 100000};
    listen_unix(trial);
    open_listeners(trial);
    for (size_t i = 0; i < array_length(never); i++) {
        struct peer peer;
        listener_peer(trial->listeners, never[i], &peer);
        assert_string_equal(peer.address, "unknown");
    }
}

/* From now on no descriptor from `first` on can be had. */
static void run_out_of_descriptors(const struct trial *trial, int first)
{
    struct rlimit none = {(rlim_t)first, trial->descriptors.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void have_descriptors_again(const struct trial *trial)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &trial->descriptors), 0);
}

static int next_descriptor(void)
{
    int next = dup(0);
    close(next);
    return next;
}

static void expect_shedding(struct trial *trial)
{
    int unlucky = connect_tcp(trial, 0);
    run_out_of_descriptors(trial, next_descriptor());
    expect_refused(trial, unlucky, strerror(EMFILE));
    have_descriptors_again(trial);
    int lucky = connect_tcp(trial, 0);
    expect_let_in(trial, lucky);
    close(lucky);
}

static void callers_without_a_descriptor_are_closed_and_later_ones_are_accepted(void **state)
{
    struct trial *trial = *state;
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    for (int again = 0; again < 3; again++)
        expect_shedding(trial);
}

/* The spare one is opened first, so that it can be taken away as well. */
static void when_the_spare_descriptor_is_lost_too_it_rests_and_recovers(void **state)
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
    have_descriptors_again(trial);
    expect_let_in(trial, waiting);
    close(waiting);
    expect_shedding(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(port_0_is_reported_as_the_port_that_was_picked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_accepted_connection_still_has_all_its_bytes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_address_in_use_ends_the_start_and_nothing_stays_open,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_stale_socket_file_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(a_regular_file_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_socket_that_another_process_listens_on_is_left_alone_even_when_it_is_busy, setup,
            teardown),
        cmocka_unit_test_setup_teardown(a_path_that_is_too_long_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(everybody_who_reaches_a_unix_socket_may_connect, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_unix_socket_is_removed_when_listening_stops, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_socket_that_another_process_put_there_is_not_removed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(stopping_turns_away_who_has_not_been_handed_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_silent_connection_is_closed_after_the_handshake_timeout,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(connections_above_the_bound_are_refused_until_one_ends,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(one_peer_cannot_take_the_places_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(each_refusal_is_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(
            only_a_peer_that_cancels_more_calls_than_allowed_is_disconnected, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connection_that_is_not_known_is_left_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_peer_is_known_by_address_and_port, setup, teardown),
        cmocka_unit_test_setup_teardown(a_peer_on_a_unix_socket_is_known_by_user_group_and_process,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_descriptor_that_was_never_accepted_has_no_known_peer,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            callers_without_a_descriptor_are_closed_and_later_ones_are_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(when_the_spare_descriptor_is_lost_too_it_rests_and_recovers,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
