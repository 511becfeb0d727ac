/* SPDX-License-Identifier: MIT */
/* When is an exchange committed, and when does it begin? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>

#include "exchange_trial.h"

static const char response[] =
    "HTTP/1.1 201 Created\r\nContent-Length: 13\r\n\r\n{\"id\":\"abcd\"}";

static sem_t commits; /* that were asked for */

static bool on_commit(struct exchange *exchange)
{
    (void)exchange;
    sem_post(&commits);
    return true;
}

static bool on_stalled_commit(struct exchange *exchange)
{
    (void)on_commit(exchange);
    return false;
}

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ;
}

static void start_uncommitted(struct ask *ask, struct upstream *upstream, int64_t deadline_ns)
{
    ask_prepare("POST", ask, 10, deadline_ns);
    ask->exchange.commit = on_commit;
    upstream_send(upstream, &ask->exchange);
}

static void commit_and_wait(struct ask *ask, bool good)
{
    upstream_committed(&ask->exchange, good);
    wait_for(&ask->released);
    ask_wait(ask);
}

static void a_request_leaves_after_its_commit_only(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE}};
    struct trial trial;
    struct ask ask;
    begin(&trial, &script, 1);
    start_uncommitted(&ask, trial.upstream, 20 * CLOCK_NS_PER_S);
    wait_for(&commits);
    assert_int_equal(tls_peer_connections(trial.peer), 1);
    assert_int_equal(tls_peer_requests(trial.peer), 0);
    commit_and_wait(&ask, true);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_ANSWERED);
    ask_clear(&ask);
    finish(&trial);
}

static void a_commit_that_finds_its_caller_gone_sends_nothing(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE}};
    struct trial trial;
    struct ask ask;
    begin(&trial, &script, 1);
    start_uncommitted(&ask, trial.upstream, 20 * CLOCK_NS_PER_S);
    wait_for(&commits);
    commit_and_wait(&ask, false);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(ask.exchange.cause, EXCHANGE_CAUSE_CANCELLED);
    assert_int_equal(tls_peer_requests(trial.peer), 0);
    ask_clear(&ask);
    finish(&trial);
}

static void an_exchange_that_finds_no_connection_is_not_committed(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_CLOSE}};
    struct trial trial;
    struct ask ask;
    begin(&trial, &script, 1);
    tls_peer_stop(trial.peer);
    start_uncommitted(&ask, trial.upstream, 20 * CLOCK_NS_PER_S);
    ask_wait(&ask);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(ask.exchange.cause, EXCHANGE_CAUSE_CONNECT);
    assert_int_not_equal(sem_trywait(&commits), 0);
    ask_clear(&ask);
    trial.peer = tls_peer_start(trial.folder, &script, 1);
    finish(&trial);
}

static void a_commit_may_come_when_the_exchange_has_ended(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE}};
    struct trial trial;
    struct ask ask;
    begin(&trial, &script, 1);
    start_uncommitted(&ask, trial.upstream, 300 * CLOCK_NS_PER_MS);
    wait_for(&commits);
    ask_wait(&ask);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(ask.exchange.cause, EXCHANGE_CAUSE_DEADLINE);
    upstream_committed(&ask.exchange, true);
    wait_for(&ask.released);
    assert_int_equal(tls_peer_requests(trial.peer), 0);
    ask_clear(&ask);
    finish(&trial);
}

/* Its caller does not read. */
static void a_commit_that_is_late_keeps_no_connection_from_others(void **state)
{
    (void)state;
    static const struct tls_script script = {
        response, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_READ_REQUEST, TLS_RESPONSE}};
    struct upstream_settings one = usual;
    struct trial trial;
    struct ask late, other;
    one.connections = 1;
    begin_with(&trial, &one, &script, 1);
    start_uncommitted(&late, trial.upstream, 20 * CLOCK_NS_PER_S);
    wait_for(&commits);
    ask_whole(&other, trial.upstream, 10);
    assert_int_equal(other.exchange.outcome, EXCHANGE_ANSWERED);
    commit_and_wait(&late, true);
    assert_int_equal(late.exchange.outcome, EXCHANGE_ANSWERED);
    ask_clear(&late);
    ask_clear(&other);
    finish(&trial);
}

/* With a connection kept for each until its commit is late, the last one would wait for seconds. */
static void commits_that_are_stalled_keep_no_connection_at_all(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE}};
    struct upstream_settings one = usual;
    struct trial trial;
    struct ask stalled[40], other;
    one.connections = 1;
    begin_with(&trial, &one, &script, 1);
    int64_t began_ns = clock_now_ns();
    for (size_t i = 0; i < array_length(stalled); i++) {
        ask_prepare("POST", &stalled[i], 10, 20 * CLOCK_NS_PER_S);
        stalled[i].exchange.commit = on_stalled_commit;
        upstream_send(trial.upstream, &stalled[i].exchange);
    }
    ask_whole(&other, trial.upstream, 10);
    assert_int_equal(other.exchange.outcome, EXCHANGE_ANSWERED);
    assert_true(clock_now_ns() - began_ns < 2 * CLOCK_NS_PER_S);
    for (size_t i = 0; i < array_length(stalled); i++) {
        wait_for(&commits);
        commit_and_wait(&stalled[i], false);
        ask_clear(&stalled[i]);
    }
    ask_clear(&other);
    finish(&trial);
}

static void reserve(struct ask *ask, struct trial *trial)
{
    ask_prepare("POST", ask, 10, 20 * CLOCK_NS_PER_S);
    while (!upstream_reserve(trial->upstream, &ask->exchange))
        sched_yield();
}

static void a_free_connection_can_be_reserved_once(void **state)
{
    (void)state;
    static const struct tls_script script = {response,
                                             {TLS_READ_REQUEST, TLS_RESPONSE, TLS_READ_REQUEST,
                                              TLS_RESPONSE, TLS_READ_REQUEST, TLS_RESPONSE}};
    struct trial trial;
    struct ask first, reserved, other;
    begin(&trial, &script, 1);
    ask_prepare("POST", &other, 10, 20 * CLOCK_NS_PER_S);
    assert_false(upstream_reserve(trial.upstream, &other.exchange));
    ask_whole(&first, trial.upstream, 10);
    reserve(&reserved, &trial);
    assert_false(upstream_reserve(trial.upstream, &other.exchange));
    upstream_send(trial.upstream, &reserved.exchange);
    ask_wait(&reserved);
    assert_int_equal(reserved.exchange.outcome, EXCHANGE_ANSWERED);
    assert_int_equal(tls_peer_connections(trial.peer), 1);
    while (!upstream_reserve(trial.upstream, &other.exchange))
        sched_yield();
    /* A reservation that was not used is given back. */
    other.exchange.withdrawn = true;
    upstream_send(trial.upstream, &other.exchange);
    ask_wait(&other);
    assert_int_equal(other.exchange.cause, EXCHANGE_CAUSE_CANCELLED);
    ask_clear(&first);
    reserve(&first, &trial);
    upstream_send(trial.upstream, &first.exchange);
    ask_wait(&first);
    assert_int_equal(first.exchange.outcome, EXCHANGE_ANSWERED);
    ask_clear(&first);
    ask_clear(&reserved);
    ask_clear(&other);
    finish(&trial);
}

static bool fails(struct exchange *exchange)
{
    return status_fail(&exchange->status, STATUS_UNAVAILABLE, "no credential");
}

static bool has_no_memory(struct exchange *exchange)
{
    return status_fail(&exchange->status, STATUS_RESOURCE_EXHAUSTED, "no memory");
}

static void an_exchange_that_cannot_be_prepared_sends_nothing_and_frees_its_connection(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE}};
    struct trial trial;
    struct ask ask, other;
    begin(&trial, &script, 1);
    ask_prepare("POST", &ask, 10, 20 * CLOCK_NS_PER_S);
    ask.exchange.prepare = fails;
    upstream_send(trial.upstream, &ask.exchange);
    ask_wait(&ask);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(ask.exchange.cause, EXCHANGE_CAUSE_UNPREPARED);
    assert_string_equal(ask.exchange.status.message, "no credential");
    ask_clear(&ask);
    ask_prepare("POST", &ask, 10, 20 * CLOCK_NS_PER_S);
    ask.exchange.prepare = has_no_memory;
    upstream_send(trial.upstream, &ask.exchange);
    ask_wait(&ask);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(ask.exchange.cause, EXCHANGE_CAUSE_NO_MEMORY);
    ask_whole(&other, trial.upstream, 10);
    assert_int_equal(other.exchange.outcome, EXCHANGE_ANSWERED);
    assert_int_equal(tls_peer_connections(trial.peer), 1);
    ask_clear(&ask);
    ask_clear(&other);
    finish(&trial);
}

/* The ceiling is one call in an hour. */
static void an_exchange_that_is_not_sent_leaves_its_place_in_the_rate_to_others(void **state)
{
    (void)state;
    static const struct tls_script script = {response, {TLS_READ_REQUEST, TLS_RESPONSE}};
    struct upstream_settings hourly = usual;
    struct trial trial;
    struct ask unprepared, unreadable, sent, late;
    hourly.rate = (struct rate_ceiling){1, 3600 * CLOCK_NS_PER_S};
    begin_with(&trial, &hourly, &script, 1);
    ask_prepare("POST", &unprepared, 10, 20 * CLOCK_NS_PER_S);
    unprepared.exchange.prepare = fails;
    upstream_send(trial.upstream, &unprepared.exchange);
    ask_wait(&unprepared);
    ask_prepare("POST", &unreadable, 10, 20 * CLOCK_NS_PER_S);
    arena_init(&unreadable.arena, 1);
    upstream_send(trial.upstream, &unreadable.exchange);
    ask_wait(&unreadable);
    assert_int_equal(unreadable.exchange.outcome, EXCHANGE_NOT_SENT);
    ask_whole(&sent, trial.upstream, 10);
    assert_int_equal(sent.exchange.outcome, EXCHANGE_ANSWERED);
    ask_whole(&late, trial.upstream, 10);
    assert_int_equal(late.exchange.cause, EXCHANGE_CAUSE_THROTTLED);
    struct ask *const all[] = {&unprepared, &unreadable, &sent, &late};
    for (size_t i = 0; i < array_length(all); i++)
        ask_clear(all[i]);
    finish(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_leaves_after_its_commit_only),
        cmocka_unit_test(a_commit_that_finds_its_caller_gone_sends_nothing),
        cmocka_unit_test(an_exchange_that_finds_no_connection_is_not_committed),
        cmocka_unit_test(a_commit_may_come_when_the_exchange_has_ended),
        cmocka_unit_test(a_commit_that_is_late_keeps_no_connection_from_others),
        cmocka_unit_test(commits_that_are_stalled_keep_no_connection_at_all),
        cmocka_unit_test(a_free_connection_can_be_reserved_once),
        cmocka_unit_test(
            an_exchange_that_cannot_be_prepared_sends_nothing_and_frees_its_connection),
        cmocka_unit_test(an_exchange_that_is_not_sent_leaves_its_place_in_the_rate_to_others),
    };
    signal(SIGPIPE, SIG_IGN);
    sem_init(&commits, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
