/* SPDX-License-Identifier: MIT */
/* What does a connection report of its exchange, and when is it fit for another one? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "connect_trial.h"
#include "upstream/connection.h"

#define RESPONSE "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"

/* One connection and what it has reported. */
struct scene {
    struct connect_trial trial;
    struct connector *connector;
    struct connection_events events;
    struct connection *connection;
    struct exchange exchange;
    struct arena arena;
    unsigned opened, failed, finished, ended;
    bool reusable;
    struct status why;
};

static void on_opened(struct connection *connection, void *pool)
{
    (void)connection;
    ((struct scene *)pool)->opened++;
}

static void on_failed(struct connection *connection, const struct status *why, void *pool)
{
    (void)connection;
    struct scene *scene = pool;
    scene->failed++;
    scene->why = *why;
}

static void on_finished(struct connection *connection, struct exchange *exchange, bool reusable,
                        void *pool)
{
    (void)connection, (void)exchange;
    struct scene *scene = pool;
    scene->finished++;
    scene->reusable = reusable;
}

static void on_ended(struct connection *connection, void *pool)
{
    (void)connection;
    ((struct scene *)pool)->ended++;
}

static void scene_begin(struct scene *scene, const struct tls_script *script)
{
    struct status status;
    *scene = (struct scene){.opened = 0};
    connect_trial_begin(&scene->trial, script, 1);
    assert_true(connector_new(&scene->trial.settings, scene->trial.trust_store, scene->trial.loop,
                              &scene->connector, &status));
    scene->events = (struct connection_events){on_opened, on_failed, on_finished,   on_ended,
                                               scene,     4096,      outgoing_new()};
    assert_true(connection_open(scene->connector, scene->trial.loop, &scene->events,
                                &scene->connection, &status));
    loop_until(scene->trial.loop, scene->opened + scene->failed > 0);
}

static void scene_end(struct scene *scene)
{
    connection_free(scene->connection);
    outgoing_free(scene->events.outgoing);
    connector_free(scene->connector);
    connect_trial_end(&scene->trial);
}

static void start(struct scene *scene)
{
    exchange_init(&scene->exchange);
    arena_init(&scene->arena, 1 << 16);
    http_bytes_add(&scene->exchange.request,
                   text_literal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
    scene->exchange.arena = &scene->arena;
    assert_true(connection_prepare(scene->connection));
    connection_begin(scene->connection, &scene->exchange);
}

static void a_whole_response_frees_the_connection_for_another_exchange(void **state)
{
    (void)state;
    static const struct tls_script script = {
        RESPONSE, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};
    struct scene scene;
    scene_begin(&scene, &script);
    for (unsigned i = 1; i <= 2; i++) {
        start(&scene);
        loop_until(scene.trial.loop, scene.finished == i);
        assert_true(scene.reusable);
        assert_int_equal(scene.exchange.outcome, EXCHANGE_ANSWERED);
        assert_int_equal(scene.exchange.connection_reused, i == 2);
        arena_clear(&scene.arena);
    }
    scene_end(&scene);
}

/* The rest of the request would stand before the next one. */
static void
a_response_that_comes_before_the_request_has_left_whole_uses_the_connection_up(void **state)
{
    (void)state;
    static const struct tls_script script = {RESPONSE, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};
    static char rest[64 << 20]; /* more than sockets keep */
    struct scene scene;
    scene_begin(&scene, &script);
    exchange_init(&scene.exchange);
    arena_init(&scene.arena, 1 << 16);
    http_bytes_add(&scene.exchange.request, text_literal("POST / HTTP/1.1\r\nHost: h\r\n\r\n"));
    http_bytes_add(&scene.exchange.request, (struct text){rest, sizeof rest});
    scene.exchange.arena = &scene.arena;
    assert_true(connection_prepare(scene.connection));
    connection_begin(scene.connection, &scene.exchange);
    loop_until(scene.trial.loop, scene.finished > 0);
    assert_int_equal(scene.exchange.outcome, EXCHANGE_ANSWERED);
    assert_true(scene.exchange.sent_bytes < sizeof rest);
    assert_false(scene.reusable);
    arena_clear(&scene.arena);
    scene_end(&scene);
}

static void bytes_that_come_before_a_request_end_the_connection(void **state)
{
    (void)state;
    static const struct tls_script script = {RESPONSE, {TLS_RESPONSE, TLS_HOLD}};
    struct scene scene;
    scene_begin(&scene, &script);
    loop_until(scene.trial.loop, scene.failed + scene.ended > 0);
    if (scene.failed)
        assert_int_equal(scene.why.code, STATUS_UNAVAILABLE);
    scene_end(&scene);
}

static void bytes_that_come_while_it_is_idle_are_seen_before_the_next_exchange(void **state)
{
    (void)state;
    static const struct tls_script script = {
        RESPONSE, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_RESPONSE, TLS_HOLD}};
    struct scene scene;
    scene_begin(&scene, &script);
    start(&scene);
    loop_until(scene.trial.loop, scene.finished > 0);
    if (scene.reusable)
        loop_until(scene.trial.loop, scene.ended > 0 || !connection_prepare(scene.connection));
    arena_clear(&scene.arena);
    scene_end(&scene);
}

static void an_abandoned_exchange_without_a_response_leaves_a_silent_connection(void **state)
{
    (void)state;
    static const struct tls_script script = {RESPONSE, {TLS_READ_REQUEST, TLS_HOLD}};
    struct scene scene;
    scene_begin(&scene, &script);
    int64_t idle_since_ns = scene.connection->idle_since_ns;
    start(&scene);
    loop_until(scene.trial.loop, tls_peer_requests(scene.trial.peer) > 0);
    connection_abandon(scene.connection);
    assert_int_equal(scene.exchange.outcome, EXCHANGE_PERHAPS_PROCESSED);
    assert_true(scene.connection->was_silent);
    assert_int_equal(scene.connection->idle_since_ns, idle_since_ns);
    arena_clear(&scene.arena);
    scene_end(&scene);
}

static void half_a_response_is_not_silence(void **state)
{
    (void)state;
    static const struct tls_script script = {RESPONSE,
                                             {TLS_READ_REQUEST, TLS_HALF_RESPONSE, TLS_CLOSE}};
    struct scene scene;
    scene_begin(&scene, &script);
    start(&scene);
    loop_until(scene.trial.loop, scene.finished > 0);
    assert_false(scene.reusable);
    assert_int_equal(scene.exchange.cause, EXCHANGE_CAUSE_LOST);
    assert_false(scene.connection->was_silent);
    arena_clear(&scene.arena);
    scene_end(&scene);
}

static void the_idle_time_that_the_peer_allows_is_kept_with_a_second_to_spare(void **state)
{
    (void)state;
    static const struct tls_script script = {
        "HTTP/1.1 201 Created\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\n{}",
        {TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};
    struct scene scene;
    scene_begin(&scene, &script);
    assert_int_equal(scene.connection->idle_limit_ns, INT64_MAX);
    start(&scene);
    loop_until(scene.trial.loop, scene.finished > 0);
    assert_int_equal(scene.connection->idle_limit_ns, 4 * CLOCK_NS_PER_S);
    arena_clear(&scene.arena);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_response_frees_the_connection_for_another_exchange),
        cmocka_unit_test(
            a_response_that_comes_before_the_request_has_left_whole_uses_the_connection_up),
        cmocka_unit_test(bytes_that_come_before_a_request_end_the_connection),
        cmocka_unit_test(bytes_that_come_while_it_is_idle_are_seen_before_the_next_exchange),
        cmocka_unit_test(an_abandoned_exchange_without_a_response_leaves_a_silent_connection),
        cmocka_unit_test(half_a_response_is_not_silence),
        cmocka_unit_test(the_idle_time_that_the_peer_allows_is_kept_with_a_second_to_spare),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
