/* SPDX-License-Identifier: MIT */
/* Do all bytes of a caller's connection arrive, plain and in TLS, and is each end known for what it
 * is? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channel_trial.h"

#include "base/banned.h"

/* More than a socket pair holds. */
#define MUCH ((size_t)4 << 20)

static bool is_readable(int fd)
{
    struct pollfd ready = {fd, POLLIN, 0};
    return poll(&ready, 1, 0) == 1;
}

/* Positive or 0: the number of bytes; negative when the client would have to wait. */
static int read_client(struct trial *trial, char *at, size_t size)
{
    return trial->client ? SSL_read(trial->client, at, (int)size)
                         : (int)recv(trial->client_fd, at, size, 0);
}

static void write_client(struct trial *trial, size_t size)
{
    if (trial->client)
        assert_int_equal(SSL_write(trial->client, trial->sent, (int)size), (int)size);
    else
        assert_int_equal(send(trial->client_fd, trial->sent, size, MSG_NOSIGNAL), size);
}

static void expect_client_end(struct trial *trial)
{
    int got = read_client(trial, trial->got, 1);
    assert_true(got <= 0);
    if (trial->client)
        assert_int_equal(SSL_get_error(trial->client, got), SSL_ERROR_ZERO_RETURN);
    else
        assert_int_equal(got, 0);
}

/* Reads all that the client gets, which has to be a repetition of the trial's bytes. */
static size_t drain_client(struct trial *trial, size_t from)
{
    size_t all = 0;
    for (int got; (got = read_client(trial, trial->got, PIECE_BYTES)) > 0; all += (size_t)got)
        for (size_t i = 0; i < (size_t)got; i++)
            assert_int_equal(trial->got[i], trial->sent[(from + all + i) % PIECE_BYTES]);
    return all;
}

/* Each write begins where the last one ended, from memory of its own. */
static ssize_t write_piece(struct trial *trial, size_t from)
{
    size_t size = PIECE_BYTES - from % PIECE_BYTES;
    char *moved = malloc(size);
    assert_non_null(moved);
    memcpy(moved, trial->sent + from % PIECE_BYTES, size);
    ssize_t sent = channel_write(&trial->channel, moved, size);
    free(moved);
    return sent;
}

static void a_plain_connection_has_no_handshake(void **state)
{
    assert_true(shake_hands(*state) > 0);
}

static void a_read_says_whether_the_socket_may_have_more(void **state)
{
    struct trial *trial = *state;
    bool has_more;
    write_client(trial, 100);
    assert_int_equal(read_channel(trial, 60, &has_more), 60);
    assert_true(has_more);
    assert_int_equal(read_channel(trial, 60, &has_more), 40);
    assert_false(has_more);
    expect_read(trial, CHANNEL_WAITS);
}

static void the_end_of_a_plain_caller_is_known(void **state)
{
    struct trial *trial = *state;
    shutdown(trial->client_fd, SHUT_WR);
    expect_read(trial, CHANNEL_ENDED);
    assert_true(channel_write(&trial->channel, "bye", 3) == 3);
    close_client(trial);
    assert_int_equal(channel_write(&trial->channel, "bye", 3), CHANNEL_BROKEN);
}

/* Unread bytes make the close a reset. */
static void a_reset_breaks_a_plain_connection(void **state)
{
    struct trial *trial = *state;
    assert_int_equal(channel_write(&trial->channel, "unread", 6), 6);
    close_client(trial);
    expect_read(trial, CHANNEL_BROKEN);
}

/* Both kinds of connections: what a write leaves is repeated with more behind it. */
static void all_bytes_reach_a_caller_that_reads_slowly(void **state)
{
    struct trial *trial = *state;
    size_t sent = 0, received = 0;
    unsigned waits = 0;
    while (sent < MUCH) {
        ssize_t taken = write_piece(trial, sent);
        assert_true(taken > 0 || taken == CHANNEL_WAITS);
        sent += taken > 0 ? (size_t)taken : 0;
        if (taken == CHANNEL_WAITS)
            received += drain_client(trial, received);
        waits += taken == CHANNEL_WAITS;
    }
    received += drain_client(trial, received);
    assert_int_equal(received, sent);
    assert_true(waits > 1);
}

static void all_bytes_reach_a_caller_that_reads_slowly_in_tls(void **state)
{
    connect_client(*state);
    all_bytes_reach_a_caller_that_reads_slowly(state);
}

static void a_caller_sees_the_end(void **state)
{
    struct trial *trial = *state;
    channel_end(&trial->channel);
    expect_client_end(trial);
}

static void a_caller_sees_the_end_in_tls(void **state)
{
    connect_client(*state);
    a_caller_sees_the_end(state);
}

/* OpenSSL keeps errors in a queue of the thread. */
static void an_error_of_another_connection_ends_none(void **state)
{
    struct trial *trial = *state;
    connect_client(trial);
    ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
    expect_read(trial, CHANNEL_WAITS);
    ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
    assert_int_equal(channel_write(&trial->channel, "x", 1), 1);
}

/* No socket announces what OpenSSL has already taken from it. */
static void bytes_that_tls_holds_are_announced(void **state)
{
    struct trial *trial = *state;
    bool has_more;
    connect_client(trial);
    write_client(trial, 1000);
    assert_int_equal(read_channel(trial, 600, &has_more), 600);
    assert_false(is_readable(trial->channel.fd));
    assert_true(has_more);
    assert_int_equal(read_channel(trial, 600, &has_more), 400);
    assert_false(has_more);
}

static void the_end_of_a_tls_caller_is_known(void **state)
{
    struct trial *trial = *state;
    connect_client(trial);
    SSL_shutdown(trial->client);
    expect_read(trial, CHANNEL_ENDED);
}

static void the_end_of_a_tls_caller_without_notice_is_an_end(void **state)
{
    struct trial *trial = *state;
    connect_client(trial);
    shutdown(trial->client_fd, SHUT_WR);
    expect_read(trial, CHANNEL_ENDED);
}

static void a_forged_record_breaks_a_tls_connection(void **state)
{
    struct trial *trial = *state;
    connect_client(trial);
    assert_int_equal(send(trial->client_fd, "\x17\x03\x03\0\x14 not what was agreed", 26, 0), 26);
    expect_read(trial, CHANNEL_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAIN(a_plain_connection_has_no_handshake),
        PLAIN(a_read_says_whether_the_socket_may_have_more),
        PLAIN(the_end_of_a_plain_caller_is_known),
        PLAIN(a_reset_breaks_a_plain_connection),
        PLAIN(all_bytes_reach_a_caller_that_reads_slowly),
        PLAIN(a_caller_sees_the_end),
        TLS(all_bytes_reach_a_caller_that_reads_slowly_in_tls),
        TLS(a_caller_sees_the_end_in_tls),
        TLS(an_error_of_another_connection_ends_none),
        TLS(bytes_that_tls_holds_are_announced),
        TLS(the_end_of_a_tls_caller_is_known),
        TLS(the_end_of_a_tls_caller_without_notice_is_an_end),
        TLS(a_forged_record_breaks_a_tls_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
