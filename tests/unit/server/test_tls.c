/* SPDX-License-Identifier: MIT */
/* Does TLS carry every byte both ways, stop a side that is ahead of the other, and pass each end
 * on? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
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

#include "base/banned.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* More than all buffers on the way take. */
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

static void on_preface(int fd, const struct identity *names, size_t count, void *context)
{
    (void)names;
    struct trial *trial = context;
    assert_int_equal(count, 0);
    assert_int_equal(write(trial->accepted[1], &fd, sizeof fd), sizeof fd);
}

static void on_refused(const char *why, void *context)
{
    (void)why, (void)context;
}

static void open_tls(struct trial *trial)
{
    struct status status;
    const struct tls_files files = {trial->certificate, trial->key, NULL};
    const struct tls_events events = {on_preface, on_refused, trial};
    if (!tls_open(&files, 60 * CLOCK_NS_PER_S, &events, &trial->tls, &status))
        fail_msg("%s", status.message);
}

static int setup(void **state)
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

static void close_client(struct trial *trial)
{
    SSL_free(trial->client);
    trial->client = NULL;
    if (trial->client_fd >= 0)
        close(trial->client_fd);
    trial->client_fd = -1;
}

static void close_core(struct trial *trial)
{
    if (trial->core >= 0)
        close(trial->core);
    trial->core = -1;
}

static int teardown(void **state)
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
static void make_connection(int ends[2])
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

static void join(struct trial *trial)
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

static void read_core(const struct trial *trial, char *at, size_t bytes)
{
    for (size_t have = 0; have < bytes;) {
        struct pollfd ready = {trial->core, POLLIN, 0};
        assert_int_equal(poll(&ready, 1, 60000), 1);
        ssize_t got = recv(trial->core, at + have, bytes - have, 0);
        assert_true(got > 0);
        have += (size_t)got;
    }
}

static void enter(struct trial *trial)
{
    char said[PREFACE_BYTES];
    join(trial);
    assert_int_equal(SSL_write(trial->client, preface, PREFACE_BYTES), PREFACE_BYTES);
    assert_int_equal(read(trial->accepted[0], &trial->core, sizeof trial->core),
                     sizeof trial->core);
    read_core(trial, said, sizeof said);
    assert_memory_equal(said, preface, sizeof said);
}

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
            fail_msg("byte %zu is another", from + i);
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

static void all_that_a_client_sends_arrives_and_then_its_end(void **state)
{
    struct trial *trial = *state;
    static char piece[100000];
    pthread_t writer;
    void *failed;
    enter(trial);
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

static void all_that_is_answered_arrives_and_then_its_end(void **state)
{
    struct trial *trial = *state;
    pthread_t writer;
    void *failed;
    enter(trial);
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

/* Much of what was written has not left us when the other end is closed, and the client says more
 * all the while. */
static void last_words_reach_a_client_that_is_still_sending(void **state)
{
    struct trial *trial = *state;
    char piece[30000];
    pthread_t writer;
    void *failed;
    enter(trial);
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

/* A stall of both sides at once, and then both move on. */
static void a_peer_that_does_not_read_stops_its_own_sender_only(void **state)
{
    struct trial *trial = *state;
    static char piece[65536];
    size_t taken = 0;
    enter(trial);
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

static void a_client_that_is_gone_ends_the_other_side(void **state)
{
    struct trial *trial = *state;
    enter(trial);
    setsockopt(trial->client_fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
               sizeof(struct linger));
    close_client(trial);
    expect_core_end(trial);
}

static void a_handshake_that_fails_harms_nobody_else(void **state)
{
    struct trial *trial = *state;
    char byte;
    enter(trial);
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

static void stopping_turns_away_who_has_not_spoken_and_leaves_others_alone(void **state)
{
    struct trial *trial = *state;
    char byte;
    enter(trial);
    SSL *served = trial->client;
    int served_fd = trial->client_fd;
    join(trial);
    tls_stop(trial->tls);
    assert_true(SSL_read(trial->client, &byte, 1) <= 0);
    close_client(trial);
    trial->client = served;
    trial->client_fd = served_fd;
    assert_int_equal(send(trial->core, "x", 1, 0), 1);
    assert_int_equal(SSL_read(trial->client, &byte, 1), 1);
}

static void freeing_brings_what_was_written_and_does_not_wait_for_ever(void **state)
{
    struct trial *trial = *state;
    char byte;
    enter(trial);
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
        cmocka_unit_test_setup_teardown(all_that_a_client_sends_arrives_and_then_its_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(all_that_is_answered_arrives_and_then_its_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(last_words_reach_a_client_that_is_still_sending, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_does_not_read_stops_its_own_sender_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_client_that_is_gone_ends_the_other_side, setup, teardown),
        cmocka_unit_test_setup_teardown(a_handshake_that_fails_harms_nobody_else, setup, teardown),
        cmocka_unit_test_setup_teardown(
            stopping_turns_away_who_has_not_spoken_and_leaves_others_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(freeing_brings_what_was_written_and_does_not_wait_for_ever,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
