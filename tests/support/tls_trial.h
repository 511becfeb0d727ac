/* SPDX-License-Identifier: MIT */
/* Callers' TLS with one client, and the socket that C-core would have. Include cmocka.h first. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http2/preface.h"
#include "server/tls.h"
#include "tls_peer.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* More than all buffers in between hold. */
#define MUCH (16U << 20)

struct trial {
    char folder[32], certificate[64], key[64];
    struct tls *tls;
    int accepted[2]; /* a pipe, through which TLS's thread sends descriptors as numbers */
    SSL_CTX *context;
    SSL *client;
    int client_fd, core;
    size_t amount; /* that core_writes_much writes */
};

static inline void on_preface(int fd, const struct identity *names, size_t count, void *context)
{
    (void)names;
    struct trial *trial = context;
    assert_int_equal(count, 0);
    assert_int_equal(write(trial->accepted[1], &fd, sizeof fd), sizeof fd);
}

static inline void on_refused(const char *why, void *context)
{
    (void)why, (void)context;
}

static inline void open_tls(struct trial *trial)
{
    struct status status;
    const struct tls_settings settings = {
        .files = {trial->certificate, trial->key, NULL},
        .handshake_timeout_ns = 60 * CLOCK_NS_PER_S,
    };
    const struct tls_events events = {on_preface, on_refused, trial};
    if (!tls_open(&settings, &events, &trial->tls, &status))
        fail_msg("%s", status.message);
}

static inline int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    trial->client_fd = trial->core = -1;
    trial->amount = MUCH;
    snprintf(trial->folder, sizeof trial->folder, "/tmp/tls.XXXXXX");
    if (!mkdtemp(trial->folder) || pipe(trial->accepted) != 0)
        return -1;
    tls_peer_certificate(trial->folder);
    snprintf(trial->certificate, sizeof trial->certificate, "%s/cert.pem", trial->folder);
    snprintf(trial->key, sizeof trial->key, "%s/key.pem", trial->folder);
    open_tls(trial);
    trial->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_alpn_protos(trial->context, (const unsigned char *)"\2h2", 3);
    *state = trial;
    return 0;
}

static inline void close_client(struct trial *trial)
{
    SSL_free(trial->client);
    trial->client = NULL;
    if (trial->client_fd >= 0)
        close(trial->client_fd);
    trial->client_fd = -1;
}

static inline void close_core(struct trial *trial)
{
    if (trial->core >= 0)
        close(trial->core);
    trial->core = -1;
}

static inline int teardown(void **state)
{
    struct trial *trial = *state;
    close_client(trial);
    close_core(trial);
    tls_free(trial->tls);
    SSL_CTX_free(trial->context);
    close(trial->accepted[0]);
    close(trial->accepted[1]);
    unlink(trial->certificate);
    unlink(trial->key);
    rmdir(trial->folder);
    free(trial);
    return 0;
}

/* Two ends of a TCP connection. */
static inline void make_connection(int ends[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, bytes), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &bytes), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&at, bytes), 0);
    ends[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    assert_true(ends[1] >= 0);
    close(listener);
}

static inline void connect_client(struct trial *trial)
{
    int connection[2], pair[2];
    make_connection(connection);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    tls_add(trial->tls, connection[1], pair[0], pair[1]);
    trial->client_fd = connection[0];
    trial->client = SSL_new(trial->context);
    SSL_set_fd(trial->client, trial->client_fd);
    assert_int_equal(SSL_connect(trial->client), 1);
}

static inline void read_core(const struct trial *trial, char *at, size_t bytes)
{
    for (size_t have = 0; have < bytes;) {
        struct pollfd ready = {trial->core, POLLIN, 0};
        assert_int_equal(poll(&ready, 1, 60000), 1);
        ssize_t got = recv(trial->core, at + have, bytes - have, 0);
        assert_true(got > 0);
        have += (size_t)got;
    }
}

static inline void connect_and_send_preface(struct trial *trial)
{
    char received[PREFACE_BYTES];
    connect_client(trial);
    assert_int_equal(SSL_write(trial->client, preface, PREFACE_BYTES), PREFACE_BYTES);
    assert_int_equal(read(trial->accepted[0], &trial->core, sizeof trial->core),
                     sizeof trial->core);
    read_core(trial, received, sizeof received);
    assert_memory_equal(received, preface, sizeof received);
}
