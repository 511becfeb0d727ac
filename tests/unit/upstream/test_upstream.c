/* SPDX-License-Identifier: MIT */
/* Which outcome does an exchange have, whatever the upstream does? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "exchange_trial.h"
#include "upstream/upstream.h"

static const char response[] =
    "HTTP/1.1 201 Created\r\nContent-Length: 13\r\n\r\n{\"id\":\"abcd\"}";

static void a_response_comes_whole_and_the_connection_is_used_again(void **state)
{
    (void)state;
    static const struct tls_script scripts[] = {
        {response, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}}};
    struct trial trial;
    begin(&trial, scripts, 1);
    for (int i = 0; i < 2; i++) {
        struct ask ask;
        ask_whole(&ask, trial.upstream, 100000);
        assert_int_equal(ask.exchange.outcome, EXCHANGE_ANSWERED);
        assert_int_equal(ask.exchange.response.status, 201);
        assert_int_equal(ask.exchange.response.body.size, 13);
        assert_int_equal(ask.exchange.sent_bytes, ask.exchange.request.size);
        assert_int_equal(ask.exchange.connection_reused, i == 1);
        ask_clear(&ask);
    }
    assert_int_equal(tls_peer_connections(trial.peer), 1);
    finish(&trial);
}

/* The connections of a loop put their bytes together in the same memory, and each has to come back
 * with the ones that the kernel has not taken yet. */
static void large_requests_at_the_same_time_travel_whole(void **state)
{
    (void)state;
    static const struct tls_script scripts[] = {
        {response,
         {TLS_READ_REQUEST, TLS_RESPONSE, TLS_READ_REQUEST, TLS_RESPONSE, TLS_READ_REQUEST,
          TLS_RESPONSE, TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}}};
    struct trial trial;
    struct ask asks[4];
    begin(&trial, scripts, 1);
    for (size_t i = 0; i < array_length(asks); i++)
        ask_start(&asks[i], trial.upstream, 6000000 + 1000 * i, 20 * CLOCK_NS_PER_S);
    for (size_t i = 0; i < array_length(asks); i++) {
        ask_wait(&asks[i]);
        assert_int_equal(asks[i].exchange.outcome, EXCHANGE_ANSWERED);
        assert_int_equal(asks[i].exchange.sent_bytes, asks[i].exchange.request.size);
        ask_clear(&asks[i]);
    }
    assert_int_equal(tls_peer_requests(trial.peer), array_length(asks));
    finish(&trial);
}

static void expect_outcome(const struct tls_script *script, enum exchange_outcome outcome,
                           enum exchange_cause cause)
{
    struct trial trial;
    struct ask ask;
    begin(&trial, script, 1);
    ask_whole(&ask, trial.upstream, 10);
    assert_int_equal(ask.exchange.outcome, outcome);
    assert_int_equal(ask.exchange.cause, cause);
    assert_true(ask.exchange.status.message[0] != '\0');
    assert_int_equal(tls_peer_connections(trial.peer), 1);
    ask_clear(&ask);
    finish(&trial);
}

static void a_connection_lost_after_the_request_is_perhaps_processed(void **state)
{
    (void)state;
    static const struct tls_script closed = {response, {TLS_READ_REQUEST, TLS_CLOSE}},
                                   reset = {response, {TLS_READ_REQUEST, TLS_RESET}},
                                   half = {response,
                                           {TLS_READ_REQUEST, TLS_HALF_RESPONSE, TLS_CLOSE}},
                                   endless = {"HTTP/1.1 201 Created\r\n\r\n{}",
                                              {TLS_READ_REQUEST, TLS_RESPONSE, TLS_RESET}};
    expect_outcome(&closed, EXCHANGE_PERHAPS_PROCESSED, EXCHANGE_CAUSE_LOST);
    expect_outcome(&reset, EXCHANGE_PERHAPS_PROCESSED, EXCHANGE_CAUSE_LOST);
    expect_outcome(&half, EXCHANGE_PERHAPS_PROCESSED, EXCHANGE_CAUSE_LOST);
    expect_outcome(&endless, EXCHANGE_PERHAPS_PROCESSED, EXCHANGE_CAUSE_LOST);
}

static void the_end_of_the_connection_ends_a_response_that_says_no_length(void **state)
{
    (void)state;
    static const struct tls_script script = {"HTTP/1.1 201 Created\r\n\r\n{}",
                                             {TLS_READ_REQUEST, TLS_RESPONSE, TLS_CLOSE}};
    struct trial trial;
    struct ask ask;
    begin(&trial, &script, 1);
    ask_whole(&ask, trial.upstream, 10);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_ANSWERED);
    assert_int_equal(ask.exchange.response.body.size, 2);
    ask_clear(&ask);
    finish(&trial);
}

static void the_response_to_a_head_has_no_body(void **state)
{
    (void)state;
    static const struct tls_script script = {"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n",
                                             {TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};
    struct trial trial;
    struct ask ask;
    begin(&trial, &script, 1);
    ask_start_by("HEAD", &ask, trial.upstream, 0, 20 * CLOCK_NS_PER_S);
    ask_wait(&ask);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_ANSWERED);
    assert_int_equal(ask.exchange.response.body.size, 0);
    ask_clear(&ask);
    finish(&trial);
}

static void a_response_that_has_no_room_is_not_asked_for(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};
    struct trial trial;
    struct ask ask;
    begin(&trial, &script, 1);
    exchange_init(&ask.exchange);
    sem_init(&ask.done, 0, 0);
    arena_init(&ask.arena, 16);
    ask.bytes = NULL;
    http_bytes_add(&ask.exchange.request, text_literal("POST / HTTP/1.1\r\n\r\n"));
    ask.exchange.arena = &ask.arena;
    ask.exchange.deadline_ns = clock_now_ns() + 20 * CLOCK_NS_PER_S;
    ask.exchange.done = on_done;
    upstream_send(trial.upstream, &ask.exchange);
    ask_wait(&ask);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(tls_peer_requests(trial.peer), 0);
    ask_clear(&ask);
    finish(&trial);
}

static void bytes_that_are_not_a_response_are_perhaps_processed(void **state)
{
    (void)state;
    static const struct tls_script garbage = {"SSH-2.0-OpenSSH_9.2\r\n\r\n",
                                              {TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}},
                                   large = {"HTTP/1.1 201 Created\r\nContent-Length: 4097\r\n\r\n",
                                            {TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};
    expect_outcome(&garbage, EXCHANGE_PERHAPS_PROCESSED, EXCHANGE_CAUSE_UNREADABLE_RESPONSE);
    expect_outcome(&large, EXCHANGE_PERHAPS_PROCESSED, EXCHANGE_CAUSE_RESPONSE_TOO_LARGE);
}

static void an_idle_connection_that_the_peer_closed_is_not_used(void **state)
{
    (void)state;
    static const struct tls_script scripts[] = {
        {response, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_CLOSE}}};
    struct trial trial;
    begin(&trial, scripts, 1);
    for (int i = 0; i < 20; i++) {
        struct ask ask;
        ask_whole(&ask, trial.upstream, 10);
        /* The close may cross with the next request; then it is lost, and said to be, but never
         * sent again. */
        assert_true(
            ask.exchange.outcome == EXCHANGE_ANSWERED ||
            (ask.exchange.outcome == EXCHANGE_PERHAPS_PROCESSED && ask.exchange.connection_reused));
        ask_clear(&ask);
    }
    assert_in_range(tls_peer_requests(trial.peer), 1, 20);
    finish(&trial);
}

/* One connection at a time: each next exchange begins in the round in which the one before ended.
 */
static void a_connection_that_ended_together_with_its_response_is_not_used(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE_CLOSE}};
    struct trial trial;
    struct ask asks[8];
    struct upstream_settings single = usual;
    single.connections = 1;
    begin_with(&trial, &single, &script, 1);
    for (size_t i = 0; i < 8; i++)
        ask_start(&asks[i], trial.upstream, 10, 20 * CLOCK_NS_PER_S);
    for (size_t i = 0; i < 8; i++) {
        ask_wait(&asks[i]);
        assert_int_equal(asks[i].exchange.outcome, EXCHANGE_ANSWERED);
        ask_clear(&asks[i]);
    }
    assert_int_equal(tls_peer_connections(trial.peer), 8);
    finish(&trial);
}

static void a_connection_is_given_up_when_it_is_old(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};
    struct trial trial;
    struct ask asks[3];
    struct upstream_settings short_lived = usual;
    short_lived.connection_age_ns = 1;
    begin_with(&trial, &short_lived, &script, 1);
    for (size_t i = 0; i < 3; i++) {
        ask_whole(&asks[i], trial.upstream, 10);
        assert_int_equal(asks[i].exchange.outcome, EXCHANGE_ANSWERED);
        ask_clear(&asks[i]);
    }
    assert_int_equal(tls_peer_connections(trial.peer), 3);
    finish(&trial);
}

static void a_connection_is_closed_when_it_is_idle(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};
    struct trial trial;
    struct ask ask;
    struct upstream_settings impatient = usual;
    impatient.connection_idle_ns = 24 * CLOCK_NS_PER_MS;
    begin_with(&trial, &impatient, &script, 1);
    ask_whole(&ask, trial.upstream, 10);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_ANSWERED);
    while (tls_peer_open(trial.peer) > 0)
        sched_yield();
    ask_clear(&ask);
    finish(&trial);
}

static void nothing_is_sent_when_no_connection_can_be_made(void **state)
{
    (void)state;
    struct upstream *upstream;
    struct status status;
    struct upstream_settings settings = usual;
    settings.url = "https://127.0.0.1:1";
    assert_true(upstream_open(&settings, &upstream, &status));
    assert_int_equal(upstream_state(upstream), BREAKER_CLOSED);
    /* The second meets the pause after a failure, and is not kept waiting by it. */
    for (int i = 0; i < 2; i++) {
        struct ask ask;
        ask_whole(&ask, upstream, 10);
        assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
        assert_true(ask.exchange.cause == EXCHANGE_CAUSE_CONNECT ||
                    (i == 1 && ask.exchange.cause == EXCHANGE_CAUSE_BREAKER));
        assert_in_range(ask.exchange.local_retry_ns, 1, BREAKER_LONGEST_PAUSE_NS);
        assert_int_not_equal(upstream_state(upstream), BREAKER_CLOSED);
        assert_int_equal(ask.exchange.status.code, STATUS_UNAVAILABLE);
        assert_int_equal(ask.exchange.sent_bytes, 0);
        ask_clear(&ask);
    }
    upstream_free(upstream);
}

static void a_certificate_that_is_not_trusted_gets_nothing(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE}};
    struct trial trial;
    struct upstream *upstream;
    struct status status;
    struct ask ask;
    begin(&trial, &script, 1);
    struct upstream_settings settings = usual;
    settings.url = trial.url;
    assert_true(upstream_open(&settings, &upstream, &status));
    ask_whole(&ask, upstream, 10);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_non_null(strstr(ask.exchange.status.message, "certificate"));
    assert_int_equal(tls_peer_requests(trial.peer), 0);
    ask_clear(&ask);
    upstream_free(upstream);
    finish(&trial);
}

static void the_authority_has_neither_the_implied_port_nor_the_dot_of_a_name(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"https://h", "h"},
        {"https://h:443", "h"},
        {"https://h:8443", "h:8443"},
        {"https://h.", "h"},
        {"https://h.:443", "h"},
        {"https://h.:8443", "h:8443"},
        {"https://[::1]", "[::1]"},
        {"https://[::1]:443", "[::1]"},
        {"https://1.2.3.4", "1.2.3.4"},
        {"https://h:1443", "h:1443"},
        {"https://[::443]", "[::443]"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct upstream_settings settings = usual;
        struct upstream *upstream;
        struct status status;
        settings.url = rows[i][0];
        assert_true(upstream_open(&settings, &upstream, &status));
        if (!text_equal(upstream_authority(upstream), text_of(rows[i][1])))
            fail_msg("%s has another authority than %s", rows[i][0], rows[i][1]);
        upstream_free(upstream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_authority_has_neither_the_implied_port_nor_the_dot_of_a_name),
        cmocka_unit_test(a_response_comes_whole_and_the_connection_is_used_again),
        cmocka_unit_test(large_requests_at_the_same_time_travel_whole),
        cmocka_unit_test(a_connection_lost_after_the_request_is_perhaps_processed),
        cmocka_unit_test(the_end_of_the_connection_ends_a_response_that_says_no_length),
        cmocka_unit_test(the_response_to_a_head_has_no_body),
        cmocka_unit_test(a_response_that_has_no_room_is_not_asked_for),
        cmocka_unit_test(bytes_that_are_not_a_response_are_perhaps_processed),
        cmocka_unit_test(an_idle_connection_that_the_peer_closed_is_not_used),
        cmocka_unit_test(a_connection_that_ended_together_with_its_response_is_not_used),
        cmocka_unit_test(a_connection_is_given_up_when_it_is_old),
        cmocka_unit_test(a_connection_is_closed_when_it_is_idle),
        cmocka_unit_test(nothing_is_sent_when_no_connection_can_be_made),
        cmocka_unit_test(a_certificate_that_is_not_trusted_gets_nothing),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
