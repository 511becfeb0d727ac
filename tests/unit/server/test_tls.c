/* SPDX-License-Identifier: MIT */
/* Does TLS carry every byte in both directions, slow down a fast sender, and pass on each end? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>

#include "tls_trial.h"

#include "base/banned.h"

static char byte_at(size_t place)
{
    return (char)(place * 7 + place / 251);
}

static void fill(char *at, size_t from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = byte_at(from + i);
}

static void expect(const char *at, size_t from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (at[i] != byte_at(from + i))
            fail_msg("byte %zu is wrong", from + i);
}

static void *client_writes_much(void *context)
{
    struct trial *trial = context;
    char piece[50000];
    for (size_t sent = 0; sent < MUCH; sent += sizeof piece) {
        size_t bytes = MUCH - sent < sizeof piece ? MUCH - sent : sizeof piece;
        fill(piece, sent, bytes);
        if (SSL_write(trial->client, piece, (int)bytes) != (int)bytes)
            return trial;
    }
    return SSL_shutdown(trial->client) < 0 ? trial : NULL;
}

static void *core_writes_much(void *context)
{
    struct trial *trial = context;
    char piece[50000];
    for (size_t sent = 0; sent < trial->amount;) {
        struct pollfd ready = {trial->core, POLLOUT, 0};
        size_t bytes = trial->amount - sent < sizeof piece ? trial->amount - sent : sizeof piece;
        fill(piece, sent, bytes);
        if (poll(&ready, 1, 60000) != 1)
            return trial;
        ssize_t taken = send(trial->core, piece, bytes, MSG_NOSIGNAL);
        if (taken < 0 && errno != EAGAIN)
            return trial;
        sent += taken > 0 ? (size_t)taken : 0;
    }
    return NULL;
}

static void read_client(struct trial *trial, size_t bytes)
{
    char piece[30000];
    for (size_t have = 0; have < bytes;) {
        int got = SSL_read(trial->client, piece, sizeof piece);
        assert_true(got > 0);
        expect(piece, have, (size_t)got);
        have += (size_t)got;
    }
}

static void expect_client_end(struct trial *trial)
{
    char byte;
    int got = SSL_read(trial->client, &byte, 1);
    assert_int_equal(SSL_get_error(trial->client, got), SSL_ERROR_ZERO_RETURN);
}

static void expect_core_end(const struct trial *trial)
{
    char byte;
    struct pollfd ready = {trial->core, POLLIN, 0};
    assert_int_equal(poll(&ready, 1, 60000), 1);
    assert_int_equal(recv(trial->core, &byte, 1, 0), 0);
}

static void all_bytes_of_a_client_arrive_and_then_its_end(void **state)
{
    struct trial *trial = *state;
    static char piece[100000];
    pthread_t writer;
    void *failed;
    connect_and_send_preface(trial);
    pthread_create(&writer, NULL, client_writes_much, trial);
    for (size_t have = 0; have < MUCH;) {
        size_t bytes = MUCH - have < sizeof piece ? MUCH - have : sizeof piece;
        read_core(trial, piece, bytes);
        expect(piece, have, bytes);
        have += bytes;
    }
    pthread_join(writer, &failed);
    assert_null(failed);
    expect_core_end(trial);
    /* Bytes that are written now still reach a client that reads. */
    assert_int_equal(send(trial->core, "bye", 3, 0), 3);
    close_core(trial);
    char bye[3];
    assert_int_equal(SSL_read(trial->client, bye, sizeof bye), 3);
    expect_client_end(trial);
}

static void all_bytes_of_the_server_arrive_and_then_its_end(void **state)
{
    struct trial *trial = *state;
    pthread_t writer;
    void *failed;
    connect_and_send_preface(trial);
    pthread_create(&writer, NULL, core_writes_much, trial);
    read_client(trial, MUCH);
    pthread_join(writer, &failed);
    assert_null(failed);
    close_core(trial);
    expect_client_end(trial);
}

static void *core_writes_much_and_closes(void *context)
{
    struct trial *trial = context;
    void *failed = core_writes_much(trial);
    close_core(trial);
    return failed;
}

/* Many bytes have not left us when the server's end is closed, and the client sends all the time.
 */
static void the_last_bytes_reach_a_client_that_is_still_sending(void **state)
{
    struct trial *trial = *state;
    char piece[30000];
    pthread_t writer;
    void *failed;
    connect_and_send_preface(trial);
    trial->amount = 1U << 20;
    setsockopt(trial->client_fd, SOL_SOCKET, SO_RCVBUF, &(int){32768}, sizeof(int));
    pthread_create(&writer, NULL, core_writes_much_and_closes, trial);
    for (size_t have = 0; have < trial->amount;) {
        int got = SSL_read(trial->client, piece, sizeof piece);
        assert_true(got > 0);
        expect(piece, have, (size_t)got);
        have += (size_t)got;
        assert_int_equal(SSL_write(trial->client, "more", 4), 4);
    }
    pthread_join(writer, &failed);
    assert_null(failed);
    expect_client_end(trial);
}

/* Both sides stall at once, and then go on. */
static void a_client_that_does_not_read_slows_down_its_sender_only(void **state)
{
    struct trial *trial = *state;
    static char piece[65536];
    size_t taken = 0;
    connect_and_send_preface(trial);
    for (struct pollfd ready = {trial->core, POLLOUT, 0}; poll(&ready, 1, 300) == 1;) {
        fill(piece, taken, sizeof piece);
        ssize_t sent = send(trial->core, piece, sizeof piece, MSG_NOSIGNAL);
        taken += sent > 0 ? (size_t)sent : 0;
        assert_true(taken < MUCH);
    }
    assert_int_equal(SSL_write(trial->client, "hello", 5), 5);
    read_core(trial, piece, 5);
    assert_memory_equal(piece, "hello", 5);
    close_core(trial);
    read_client(trial, taken);
    expect_client_end(trial);
}

static void a_client_that_disconnects_ends_the_other_side(void **state)
{
    struct trial *trial = *state;
    connect_and_send_preface(trial);
    setsockopt(trial->client_fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
               sizeof(struct linger));
    close_client(trial);
    expect_core_end(trial);
}

static void a_handshake_that_fails_does_not_affect_other_connections(void **state)
{
    struct trial *trial = *state;
    char byte;
    connect_and_send_preface(trial);
    for (int i = 0; i < 3; i++) {
        int connection[2], pair[2];
        make_connection(connection);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        tls_add(trial->tls, connection[1], pair[0], pair[1]);
        assert_int_equal(send(connection[0], "no TLS at all", 13, 0), 13);
        while (recv(connection[0], &byte, 1, 0) > 0)
            ;
        close(connection[0]);
        assert_int_equal(SSL_write(trial->client, "x", 1), 1);
        read_core(trial, &byte, 1);
        assert_int_equal(send(trial->core, "y", 1, 0), 1);
        assert_int_equal(SSL_read(trial->client, &byte, 1), 1);
    }
}

static void stopping_closes_connections_without_a_preface_and_no_others(void **state)
{
    struct trial *trial = *state;
    char byte;
    connect_and_send_preface(trial);
    SSL *served = trial->client;
    int served_fd = trial->client_fd;
    connect_client(trial);
    tls_stop(trial->tls);
    assert_true(SSL_read(trial->client, &byte, 1) <= 0);
    close_client(trial);
    trial->client = served;
    trial->client_fd = served_fd;
    assert_int_equal(send(trial->core, "x", 1, 0), 1);
    assert_int_equal(SSL_read(trial->client, &byte, 1), 1);
}

static void freeing_delivers_written_bytes_and_does_not_wait_for_ever(void **state)
{
    struct trial *trial = *state;
    char byte;
    connect_and_send_preface(trial);
    assert_int_equal(send(trial->core, "x", 1, 0), 1);
    int64_t began = clock_now_ns();
    tls_free(trial->tls);
    trial->tls = NULL;
    assert_true(clock_now_ns() - began < 20 * CLOCK_NS_PER_S);
    assert_int_equal(SSL_read(trial->client, &byte, 1), 1);
    expect_core_end(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_bytes_of_a_client_arrive_and_then_its_end),
        TEST(all_bytes_of_the_server_arrive_and_then_its_end),
        TEST(the_last_bytes_reach_a_client_that_is_still_sending),
        TEST(a_client_that_does_not_read_slows_down_its_sender_only),
        TEST(a_client_that_disconnects_ends_the_other_side),
        TEST(a_handshake_that_fails_does_not_affect_other_connections),
        TEST(stopping_closes_connections_without_a_preface_and_no_others),
        TEST(freeing_delivers_written_bytes_and_does_not_wait_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
