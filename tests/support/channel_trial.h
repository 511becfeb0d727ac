/* SPDX-License-Identifier: MIT */
/* A channel over a socket pair, plain or with TLS and a client. Include cmocka.h first. */
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "server/channel.h"
#include "server/tls_context.h"
#include "tls_peer.h"

#define PIECE_BYTES ((size_t)32768)

#define PLAIN(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TLS(name) cmocka_unit_test_setup_teardown(name, set_up_tls, teardown)

struct trial {
    char folder[32], certificate[64], key[64];
    struct tls_context server;
    SSL_CTX *client_context;
    struct channel channel;
    int client_fd;
    SSL *client;
    const char *why;
    char sent[PIECE_BYTES], got[PIECE_BYTES];
};

static inline int setup(void **state)
{
    int ends[2];
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    trial->channel.fd = ends[0];
    trial->client_fd = ends[1];
    for (size_t i = 0; i < sizeof trial->sent; i++)
        trial->sent[i] = (char)(i * 7 + i / 251);
    *state = trial;
    return 0;
}

static inline int set_up_tls(void **state)
{
    struct status status;
    if (setup(state) != 0)
        return -1;
    struct trial *trial = *state;
    snprintf(trial->folder, sizeof trial->folder, "/tmp/channel.XXXXXX");
    if (!mkdtemp(trial->folder))
        return -1;
    tls_peer_certificate(trial->folder);
    snprintf(trial->certificate, sizeof trial->certificate, "%s/cert.pem", trial->folder);
    snprintf(trial->key, sizeof trial->key, "%s/key.pem", trial->folder);
    const struct tls_files files = {trial->certificate, trial->key, NULL};
    if (!tls_context_load(&files, &trial->server, &status))
        return -1;
    trial->channel.tls = SSL_new(trial->server.handshakes);
    SSL_set_fd(trial->channel.tls, trial->channel.fd);
    trial->client_context = SSL_CTX_new(TLS_client_method());
    trial->client = SSL_new(trial->client_context);
    SSL_set_fd(trial->client, trial->client_fd);
    SSL_set_alpn_protos(trial->client, (const unsigned char *)"\2h2", 3);
    return 0;
}

static inline void close_client(struct trial *trial)
{
    if (trial->client_fd >= 0)
        close(trial->client_fd);
    trial->client_fd = -1;
}

static inline int teardown(void **state)
{
    struct trial *trial = *state;
    close_client(trial);
    SSL_free(trial->client);
    SSL_CTX_free(trial->client_context);
    channel_close(&trial->channel);
    tls_context_clear(&trial->server);
    unlink(trial->certificate);
    unlink(trial->key);
    rmdir(trial->folder);
    free(trial);
    return 0;
}

static inline ssize_t read_channel(struct trial *trial, size_t size, bool *has_more)
{
    return channel_read(&trial->channel, trial->got, size, has_more);
}

/* A read that returns no bytes. */
static inline void expect_read(struct trial *trial, enum channel_result expected)
{
    bool has_more;
    assert_int_equal(read_channel(trial, PIECE_BYTES, &has_more), expected);
    assert_false(has_more);
}

static inline int shake_hands(struct trial *trial)
{
    return channel_handshake(&trial->channel, &trial->why);
}

static inline void connect_client(struct trial *trial)
{
    int server = CHANNEL_WAITS;
    for (int turn = 0; server == CHANNEL_WAITS && turn < 10; turn++) {
        (void)SSL_connect(trial->client);
        server = shake_hands(trial);
    }
    if (server <= 0)
        fail_msg("%s", trial->why);
    assert_int_equal(SSL_connect(trial->client), 1);
}
