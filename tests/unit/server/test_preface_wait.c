/* SPDX-License-Identifier: MIT */
/* Is a connection handed over exactly when its caller speaks HTTP/2, with every byte still in it?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "loop.h"
#include "server/preface_wait.h"

#include "base/banned.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct trial {
    struct event_base *loop;
    struct pending_connections *pending;
    int accepted; /* the descriptor, or -1 */
    int client;   /* the other end of the one that was added */
};

static void on_preface(int fd, void *context)
{
    struct trial *trial = context;
    assert_int_equal(trial->accepted, -1);
    trial->accepted = fd;
}

static void open_connections(struct trial *trial, int64_t patience_ns)
{
    int ends[2];
    *trial = (struct trial){.loop = event_base_new(), .accepted = -1};
    trial->pending = pending_connections_new(trial->loop, patience_ns, on_preface, trial);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    trial->client = ends[0];
    pending_connections_add(trial->pending, ends[1]);
}

static void close_connections(struct trial *trial)
{
    pending_connections_free(trial->pending);
    event_base_free(trial->loop);
    close(trial->client);
    if (trial->accepted >= 0)
        close(trial->accepted);
}

static void say(struct trial *trial, const char *bytes, size_t count)
{
    assert_int_equal(send(trial->client, bytes, count, MSG_NOSIGNAL), count);
}

static bool is_closed(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

static void expect_turned_away(struct trial *trial)
{
    loop_until(trial->loop, is_closed(trial->client));
    assert_int_equal(trial->accepted, -1);
}

static void a_connection_with_the_preface_is_accepted_with_all_its_bytes(void **state)
{
    (void)state;
    struct trial trial;
    char heard[64];
    open_connections(&trial, CLOCK_NS_PER_S * 60);
    say(&trial, preface, strlen(preface));
    say(&trial, "and more", 8);
    loop_until(trial.loop, trial.accepted >= 0);
    assert_int_equal(recv(trial.accepted, heard, sizeof heard, 0), strlen(preface) + 8);
    assert_memory_equal(heard, preface, strlen(preface));
    close_connections(&trial);
}

static void the_preface_may_come_byte_by_byte(void **state)
{
    (void)state;
    struct trial trial;
    open_connections(&trial, CLOCK_NS_PER_S * 60);
    for (size_t i = 0; i < strlen(preface); i++) {
        assert_int_equal(trial.accepted, -1);
        say(&trial, preface + i, 1);
        loop_turn(trial.loop);
    }
    loop_until(trial.loop, trial.accepted >= 0);
    close_connections(&trial);
}

static void a_connection_is_rejected_at_the_first_byte_that_differs_from_the_preface(void **state)
{
    (void)state;
    const char *const others[] = {"GET / HTTP/1.1\r\n", "\x16\x03\x01", "P!",
                                  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r."};
    for (size_t i = 0; i < array_length(others); i++) {
        struct trial trial;
        open_connections(&trial, CLOCK_NS_PER_S * 60);
        say(&trial, others[i], strlen(others[i]));
        expect_turned_away(&trial);
        close_connections(&trial);
    }
}

static void a_silent_connection_is_rejected_when_patience_ends(void **state)
{
    (void)state;
    struct trial trial;
    open_connections(&trial, CLOCK_NS_PER_MS);
    expect_turned_away(&trial);
    close_connections(&trial);
}

static void a_connection_that_stops_in_the_middle_is_rejected_when_patience_ends(void **state)
{
    (void)state;
    struct trial trial;
    open_connections(&trial, CLOCK_NS_PER_MS);
    say(&trial, preface, 10);
    expect_turned_away(&trial);
    close_connections(&trial);
}

/* Bytes do not begin the time anew: only an end of them before the preface's end can end this. */
static void a_slow_connection_is_rejected_when_patience_ends(void **state)
{
    (void)state;
    struct trial trial;
    open_connections(&trial, 30 * CLOCK_NS_PER_MS);
    for (size_t i = 0; i < strlen(preface) - 1 && !is_closed(trial.client); i++) {
        (void)!send(trial.client, preface + i, 1, MSG_NOSIGNAL);
        for (int64_t until_ns = clock_now_ns() + 10 * CLOCK_NS_PER_MS; clock_now_ns() < until_ns;)
            loop_turn(trial.loop);
    }
    assert_true(is_closed(trial.client));
    assert_int_equal(trial.accepted, -1);
    close_connections(&trial);
}

/* Without an end of patience, so that it is the other end's close that is noticed. */
static void a_connection_that_ends_before_the_preface_is_whole_is_forgotten(void **state)
{
    (void)state;
    const size_t said[] = {0, 10};
    for (size_t i = 0; i < array_length(said); i++) {
        struct trial trial;
        open_connections(&trial, 0);
        say(&trial, preface, said[i]);
        loop_turn(trial.loop);
        shutdown(trial.client, SHUT_WR);
        expect_turned_away(&trial);
        close_connections(&trial);
    }
}

static void looking_at_half_a_preface_does_not_keep_the_loop_busy(void **state)
{
    (void)state;
    struct trial trial;
    int turns = 0;
    open_connections(&trial, 0);
    say(&trial, preface, 10);
    for (int64_t end = clock_now_ns() + 50 * CLOCK_NS_PER_MS; clock_now_ns() < end; turns++)
        loop_turn(trial.loop);
    assert_true(turns < 50);
    assert_int_equal(trial.accepted, -1);
    close_connections(&trial);
}

static void a_connection_that_still_waits_at_the_end_is_rejected(void **state)
{
    (void)state;
    struct trial trial;
    open_connections(&trial, CLOCK_NS_PER_S * 60);
    loop_turn(trial.loop);
    pending_connections_free(trial.pending);
    trial.pending = NULL;
    assert_true(is_closed(trial.client));
    close_connections(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_with_the_preface_is_accepted_with_all_its_bytes),
        cmocka_unit_test(the_preface_may_come_byte_by_byte),
        cmocka_unit_test(a_connection_is_rejected_at_the_first_byte_that_differs_from_the_preface),
        cmocka_unit_test(a_silent_connection_is_rejected_when_patience_ends),
        cmocka_unit_test(a_connection_that_stops_in_the_middle_is_rejected_when_patience_ends),
        cmocka_unit_test(a_slow_connection_is_rejected_when_patience_ends),
        cmocka_unit_test(a_connection_that_ends_before_the_preface_is_whole_is_forgotten),
        cmocka_unit_test(looking_at_half_a_preface_does_not_keep_the_loop_busy),
        cmocka_unit_test(a_connection_that_still_waits_at_the_end_is_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
