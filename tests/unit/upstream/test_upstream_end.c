/* SPDX-License-Identifier: MIT */
/* When do the deadline, a cancel and the end of the upstream end an exchange, and was it sent? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "exchange_trial.h"
#include "upstream/upstream.h"

static const char response[] =
    "HTTP/1.1 201 Created\r\nContent-Length: 13\r\n\r\n{\"id\":\"abcd\"}";

/* Asks with a deadline in which no connection was ever made. The thread may see it when it has
 * passed already. */
static void ask_in_a_hurry(struct ask *ask, struct trial *trial, int64_t connect_ns,
                           enum exchange_cause cause)
{
    do {
        ask_prepare("POST", ask, 10, connect_ns / 4);
        ask->exchange.deadline_cause = cause;
        upstream_send(trial->upstream, &ask->exchange);
        ask_wait(ask);
        assert_int_equal(ask->exchange.outcome, EXCHANGE_NOT_SENT);
        assert_int_equal(ask->exchange.cause, cause);
        ask_clear(ask);
    } while (!strstr(ask->exchange.status.message, "than a connection ever took"));
}

static void a_deadline_in_which_no_connection_was_ever_made_ends_at_once(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE_CLOSE}};
    static const struct {
        enum exchange_cause cause;
        enum status_code code;
        const char *word;
    } ends[] = {
        {EXCHANGE_CAUSE_DEADLINE, STATUS_DEADLINE_EXCEEDED, "the deadline"},
        {EXCHANGE_CAUSE_CONNECTION_AGE, STATUS_UNAVAILABLE, "--max-age"},
    };
    for (size_t i = 0; i < array_length(ends); i++) {
        struct trial trial;
        struct ask ask;
        begin(&trial, &script, 1);
        ask_whole(&ask, trial.upstream, 10);
        assert_int_equal(ask.exchange.outcome, EXCHANGE_ANSWERED);
        int64_t connect_ns = ask.exchange.started_ns - ask.exchange.queued_ns;
        ask_clear(&ask);
        while (tls_peer_open(trial.peer) > 0)
            sched_yield();
        ask_in_a_hurry(&ask, &trial, connect_ns, ends[i].cause);
        assert_int_equal(ask.exchange.status.code, ends[i].code);
        assert_non_null(strstr(ask.exchange.status.message, ends[i].word));
        /* One was opened all the same, for those who come next. */
        while (tls_peer_connections(trial.peer) < 2)
            sched_yield();
        finish(&trial);
    }
}

static void an_exchange_that_comes_too_late_ends_for_the_cause_of_its_deadline(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_HOLD}};
    static const enum exchange_cause causes[] = {EXCHANGE_CAUSE_DEADLINE,
                                                 EXCHANGE_CAUSE_CONNECTION_AGE};
    struct trial trial;
    begin(&trial, &script, 1);
    for (size_t i = 0; i < array_length(causes); i++) {
        struct ask ask;
        ask_prepare("POST", &ask, 10, -CLOCK_NS_PER_S);
        ask.exchange.deadline_cause = causes[i];
        upstream_send(trial.upstream, &ask.exchange);
        ask_wait(&ask);
        assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
        assert_int_equal(ask.exchange.cause, causes[i]);
        assert_null(strstr(ask.exchange.status.message, "than a connection ever took"));
        ask_clear(&ask);
    }
    finish(&trial);
}

static void the_deadline_ends_an_exchange_and_says_whether_it_was_sent(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_HOLD}};
    struct trial trial;
    struct ask sent, unsent;
    begin(&trial, &script, 1);
    ask_start(&unsent, trial.upstream, 10, 0);
    ask_wait(&unsent);
    assert_int_equal(unsent.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(unsent.exchange.cause, EXCHANGE_CAUSE_DEADLINE);
    ask_start(&sent, trial.upstream, 10, CLOCK_NS_PER_S);
    ask_wait(&sent);
    assert_int_equal(sent.exchange.outcome, EXCHANGE_PERHAPS_PROCESSED);
    assert_int_equal(sent.exchange.cause, EXCHANGE_CAUSE_DEADLINE);
    ask_clear(&unsent);
    ask_clear(&sent);
    finish(&trial);
}

static void an_exchange_whose_time_is_over_is_not_sent(void **state)
{
    (void)state;
    static const struct tls_script script = {
        response, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};
    struct trial trial;
    struct ask ask;
    begin(&trial, &script, 1);
    ask_whole(&ask, trial.upstream, 10);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_ANSWERED);
    ask_clear(&ask);
    /* A free connection is there. */
    ask_start(&ask, trial.upstream, 10, -1);
    ask_wait(&ask);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(ask.exchange.cause, EXCHANGE_CAUSE_DEADLINE);
    assert_int_equal(tls_peer_requests(trial.peer), 1);
    ask_clear(&ask);
    finish(&trial);
}

static void a_cancel_ends_an_exchange_once_whenever_it_comes(void **state)
{
    (void)state;
    static const struct tls_script script = {
        response, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_READ_REQUEST, TLS_HOLD}};
    struct trial trial;
    struct ask ask;
    begin(&trial, &script, 1);
    for (int i = 0; i < 200; i++) {
        ask_start(&ask, trial.upstream, 10, 20 * CLOCK_NS_PER_S);
        for (int turn = 0; turn < i; turn++)
            sched_yield();
        upstream_cancel(&ask.exchange);
        ask_wait(&ask);
        while (sem_wait(&ask.released) != 0)
            ;
        assert_int_not_equal(sem_trywait(&ask.done), 0);
        ask_clear(&ask);
    }
    finish(&trial);
}

static void an_exchange_that_rests_can_be_cancelled_and_is_not_sent_before(void **state)
{
    (void)state;
    static const struct tls_script script = {
        response, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_READ_REQUEST, TLS_RESPONSE}};
    struct trial trial;
    struct ask ask;
    begin(&trial, &script, 1);
    ask_whole(&ask, trial.upstream, 10);
    ask.exchange.delay_ns = 30 * CLOCK_NS_PER_MS;
    int64_t before_ns = clock_now_ns();
    upstream_send(trial.upstream, &ask.exchange);
    ask_wait(&ask);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_ANSWERED);
    assert_true(ask.exchange.started_ns - before_ns >= ask.exchange.delay_ns);
    ask.exchange.delay_ns = 1000 * CLOCK_NS_PER_S;
    upstream_send(trial.upstream, &ask.exchange);
    upstream_cancel(&ask.exchange);
    ask_wait(&ask);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(ask.exchange.cause, EXCHANGE_CAUSE_CANCELLED);
    assert_int_equal(tls_peer_requests(trial.peer), 2);
    ask_clear(&ask);
    finish(&trial);
}

static void the_end_of_all_leaves_nothing_under_way(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_HOLD}};
    struct trial trial;
    struct ask asks[8];
    begin(&trial, &script, 1);
    for (size_t i = 0; i < 8; i++)
        ask_start(&asks[i], trial.upstream, 10, 20 * CLOCK_NS_PER_S);
    while (tls_peer_requests(trial.peer) < 4)
        sched_yield();
    upstream_end_all(trial.upstream);
    unsigned sent = 0;
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(sem_trywait(&asks[i].done), 0);
        assert_int_equal(asks[i].exchange.cause, EXCHANGE_CAUSE_STOPPED);
        sent += asks[i].exchange.outcome == EXCHANGE_PERHAPS_PROCESSED;
        ask_clear(&asks[i]);
    }
    /* Four connections are allowed, so four had been sent. */
    assert_int_equal(sent, 4);
    struct ask late;
    ask_whole(&late, trial.upstream, 10);
    assert_int_equal(late.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(late.exchange.cause, EXCHANGE_CAUSE_STOPPED);
    assert_int_equal(tls_peer_requests(trial.peer), 4);
    ask_clear(&late);
    finish(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_in_which_no_connection_was_ever_made_ends_at_once),
        cmocka_unit_test(an_exchange_that_comes_too_late_ends_for_the_cause_of_its_deadline),
        cmocka_unit_test(the_deadline_ends_an_exchange_and_says_whether_it_was_sent),
        cmocka_unit_test(an_exchange_whose_time_is_over_is_not_sent),
        cmocka_unit_test(a_cancel_ends_an_exchange_once_whenever_it_comes),
        cmocka_unit_test(an_exchange_that_rests_can_be_cancelled_and_is_not_sent_before),
        cmocka_unit_test(the_end_of_all_leaves_nothing_under_way),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
