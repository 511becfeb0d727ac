/* SPDX-License-Identifier: MIT */
/* Does a TLS handshake wait for what it needs, and does it end with a reason? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channel_trial.h"

#include "base/banned.h"

/* The client's bytes pass through memory, and go on to the server one at a time. */
static void a_handshake_may_come_byte_by_byte(void **state)
{
    struct trial *trial = *state;
    BIO *out = BIO_new(BIO_s_mem()), *in = BIO_new_socket(trial->client_fd, BIO_NOCLOSE);
    int result = CHANNEL_WAITS;
    char byte;
    SSL_set_bio(trial->client, in, out);
    for (int turn = 0; turn < 100000 && result == CHANNEL_WAITS; turn++) {
        if (BIO_ctrl_pending(out) == 0)
            (void)SSL_connect(trial->client);
        if (BIO_read(out, &byte, 1) == 1)
            assert_int_equal(send(trial->client_fd, &byte, 1, 0), 1);
        result = shake_hands(trial);
    }
    assert_true(result > 0);
}

/* The socket takes no byte more. Returns how many it has taken. */
static size_t fill_socket(struct trial *trial)
{
    size_t all = 0;
    for (size_t size = PIECE_BYTES; size > 0; size /= 2)
        for (ssize_t sent; (sent = send(trial->channel.fd, trial->sent, size, 0)) > 0;)
            all += (size_t)sent;
    return all;
}

static void a_handshake_waits_for_room_to_write(void **state)
{
    struct trial *trial = *state;
    (void)SSL_connect(trial->client);
    size_t filled = fill_socket(trial);
    assert_int_equal(shake_hands(trial), CHANNEL_WAITS);
    assert_true(trial->channel.read_waits_for_writing);
    for (ssize_t got; filled > 0; filled -= (size_t)got) {
        got = recv(trial->client_fd, trial->got, filled < PIECE_BYTES ? filled : PIECE_BYTES, 0);
        assert_true(got > 0);
    }
    connect_client(trial);
    assert_false(trial->channel.read_waits_for_writing);
}

static void expect_no_handshake(struct trial *trial, const char *why)
{
    assert_int_equal(shake_hands(trial), CHANNEL_BROKEN);
    if (!strstr(trial->why, why))
        fail_msg("%s", trial->why);
}

static void a_caller_without_tls_has_no_handshake(void **state)
{
    struct trial *trial = *state;
    assert_int_equal(send(trial->client_fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24, 0), 24);
    expect_no_handshake(trial, "wrong version number");
}

static void a_caller_that_offers_another_protocol_has_no_handshake(void **state)
{
    struct trial *trial = *state;
    SSL_set_alpn_protos(trial->client, (const unsigned char *)"\x08http/1.1", 9);
    (void)SSL_connect(trial->client);
    expect_no_handshake(trial, "no application protocol");
}

static void a_caller_that_offers_no_protocol_has_no_handshake(void **state)
{
    struct trial *trial = *state;
    SSL_set_alpn_protos(trial->client, NULL, 0);
    (void)SSL_connect(trial->client);
    assert_int_equal(shake_hands(trial), CHANNEL_WAITS);
    (void)SSL_connect(trial->client);
    expect_no_handshake(trial, "does not offer h2 in ALPN");
}

static void a_caller_that_leaves_during_the_handshake_has_none(void **state)
{
    struct trial *trial = *state;
    (void)SSL_connect(trial->client);
    assert_int_equal(shake_hands(trial), CHANNEL_WAITS);
    close_client(trial);
    assert_int_equal(shake_hands(trial), CHANNEL_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TLS(a_handshake_may_come_byte_by_byte),
        TLS(a_handshake_waits_for_room_to_write),
        TLS(a_caller_without_tls_has_no_handshake),
        TLS(a_caller_that_offers_another_protocol_has_no_handshake),
        TLS(a_caller_that_offers_no_protocol_has_no_handshake),
        TLS(a_caller_that_leaves_during_the_handshake_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
