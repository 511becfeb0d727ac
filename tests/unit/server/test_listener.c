/* SPDX-License-Identifier: MIT */
/* Are addresses listened on, and are files of others left alone? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "listener_trial.h"

#include "base/banned.h"

static void port_0_is_replaced_by_the_port_that_the_kernel_picked(void **state)
{
    struct trial *trial = *state;
    listen_tcp(trial, "127.0.0.1", 0);
    listen_tcp(trial, "localhost", 0);
    open_listeners(trial);
    assert_int_equal(listeners_count(trial->listeners), 2);
    assert_int_not_equal(port_of(trial, 0), 0);
    assert_int_not_equal(port_of(trial, 1), 0);
    int client = connect_tcp(trial, 0);
    expect_accepted(trial, client);
    close(client);
}

static void an_accepted_connection_still_has_all_its_bytes(void **state)
{
    struct trial *trial = *state;
    char heard[64];
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    int client = connect_tcp(trial, 0);
    expect_accepted(trial, client);
    struct pollfd core = {.fd = trial->accepted[0], .events = POLLIN};
    assert_int_equal(poll(&core, 1, 60000), 1);
    assert_int_equal(recv(trial->accepted[0], heard, sizeof heard, 0), strlen(preface));
    assert_memory_equal(heard, preface, strlen(preface));
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
    expect_accepted(trial, client);
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
    /* Until its queue is full. */
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

static void a_path_that_is_too_long_is_rejected(void **state)
{
    struct trial *trial = *state;
    char longer[200] = "/tmp/";
    memset(longer + 5, 'x', sizeof longer - 6);
    trial->config.listen[trial->config.listen_count++] = (struct address){.unix_path = longer};
    expect_not_opened(trial, "107");
}

static void every_user_may_connect_to_a_unix_socket(void **state)
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

static void stopping_closes_connections_that_were_not_handed_over(void **state)
{
    struct trial *trial = *state;
    listen_tcp(trial, "127.0.0.1", 0);
    open_listeners(trial);
    int silent = connect_tcp(trial, 0);
    loop_turn(trial->loop);
    listeners_stop(trial->listeners);
    front_drain(trial->front);
    assert_int_equal(listeners_count(trial->listeners), 0);
    loop_until(trial->loop, is_closed(silent));
    assert_int_equal(trial->accepted_count, 0);
    close(silent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(port_0_is_replaced_by_the_port_that_the_kernel_picked),
        TEST(an_accepted_connection_still_has_all_its_bytes),
        TEST(an_address_in_use_ends_the_start_and_nothing_stays_open),
        TEST(a_stale_socket_file_is_replaced),
        TEST(a_regular_file_is_left_alone),
        TEST(a_socket_that_another_process_listens_on_is_left_alone_even_when_it_is_busy),
        TEST(a_path_that_is_too_long_is_rejected),
        TEST(every_user_may_connect_to_a_unix_socket),
        TEST(a_unix_socket_is_removed_when_listening_stops),
        TEST(a_socket_that_another_process_put_there_is_not_removed),
        TEST(stopping_closes_connections_that_were_not_handed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
