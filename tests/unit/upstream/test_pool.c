/* SPDX-License-Identifier: MIT */
/* Which connections may be taken, and which are closed? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>

#include "connect_trial.h"
#include "upstream/pool.h"

#define RESPONSE "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"

static const struct tls_script silent = {RESPONSE, {TLS_READ_REQUEST, TLS_HOLD}},
                               responsive = {RESPONSE, {TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};

/* A pool, one exchange, and what was reported. */
struct scene {
    struct connect_trial trial;
    struct pool *pool;
    struct exchange exchange;
    struct arena arena;
    _Atomic int64_t unanswered_ns;
    unsigned finished, made, failed;
    bool closes; /* the connection, when its exchange has finished */
};

static void on_finished(struct exchange *exchange, void *context)
{
    (void)exchange;
    struct scene *scene = context;
    scene->finished++;
    if (scene->closes)
        pool_close_finished(scene->pool);
}

static void on_tried(const struct status *failure, void *context)
{
    struct scene *scene = context;
    *(failure ? &scene->failed : &scene->made) += 1;
}

static void scene_begin(struct scene *scene, const struct tls_script *script, int64_t idle_ns)
{
    struct status status;
    *scene = (struct scene){.closes = false};
    connect_trial_begin(&scene->trial, script, 1);
    scene->trial.settings.connection_idle_ns = idle_ns;
    const struct pool_owner owner = {on_finished, on_tried, scene, scene->trial.trust_store,
                                     &scene->unanswered_ns};
    assert_true(pool_new(&scene->trial.settings, scene->trial.loop, &owner, &scene->pool, &status));
    arena_init(&scene->arena, 1 << 16);
}

static void scene_end(struct scene *scene)
{
    pool_free(scene->pool);
    arena_clear(&scene->arena);
    connect_trial_end(&scene->trial);
}

/* So that the pool has that many. */
static void connect_until(struct scene *scene, size_t count)
{
    pool_open_for(scene->pool, count - scene->made);
    loop_until(scene->trial.loop, scene->made == count);
}

static struct connection *start(struct scene *scene)
{
    struct connection *connection = pool_take(scene->pool);
    assert_non_null(connection);
    exchange_init(&scene->exchange);
    http_bytes_add(&scene->exchange.request,
                   text_literal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
    scene->exchange.arena = &scene->arena;
    connection_begin(connection, &scene->exchange);
    return connection;
}

static void abandon(struct scene *scene, struct connection *connection, enum exchange_cause cause)
{
    connection_abandon(connection);
    scene->exchange.cause = cause;
    pool_abandon(scene->pool, connection, &scene->exchange);
}

static void no_more_connections_are_opened_than_calls_wait_and_than_may_be(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, &silent, 60 * CLOCK_NS_PER_S);
    connect_until(&scene, 2);
    assert_int_equal(pool_free_connections(scene.pool), 2);
    pool_open_for(scene.pool, 9);
    loop_until(scene.trial.loop, scene.made == scene.trial.settings.connections);
    pool_open_for(scene.pool, 9);
    loop_turn(scene.trial.loop);
    assert_int_equal(tls_peer_connections(scene.trial.peer), scene.trial.settings.connections);
    scene_end(&scene);
}

static void a_connection_that_was_idle_for_too_long_is_not_taken(void **state)
{
    (void)state;
    struct scene scene;
    const int64_t idle_ns = 500 * CLOCK_NS_PER_MS;
    scene_begin(&scene, &silent, idle_ns);
    connect_until(&scene, 1);
    for (int64_t end_ns = clock_now_ns() + idle_ns; clock_now_ns() <= end_ns;)
        sched_yield();
    assert_int_equal(pool_free_connections(scene.pool), 1);
    assert_null(pool_take(scene.pool));
    assert_int_equal(pool_free_connections(scene.pool), 0);
    scene_end(&scene);
}

static void a_connection_that_was_idle_for_too_long_is_closed(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, &silent, 20 * CLOCK_NS_PER_MS);
    connect_until(&scene, 1);
    loop_until(scene.trial.loop, tls_peer_open(scene.trial.peer) == 0);
    scene_end(&scene);
}

/* How many of three connections are left when the exchange of the newest one ends so. */
static size_t left_after(enum exchange_cause cause)
{
    struct scene scene;
    scene_begin(&scene, &silent, 60 * CLOCK_NS_PER_S);
    connect_until(&scene, 3);
    abandon(&scene, start(&scene), cause);
    size_t left = pool_free_connections(scene.pool);
    scene_end(&scene);
    return left;
}

static void a_deadline_without_a_response_closes_what_was_silent_for_as_long(void **state)
{
    (void)state;
    assert_int_equal(left_after(EXCHANGE_CAUSE_DEADLINE), 0);
    assert_int_equal(left_after(EXCHANGE_CAUSE_CANCELLED), 2);
    assert_int_equal(left_after(EXCHANGE_CAUSE_STOPPED), 2);
}

static void a_deadline_without_a_response_closes_no_newer_connection(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, &silent, 60 * CLOCK_NS_PER_S);
    connect_until(&scene, 1);
    struct connection *older = start(&scene);
    connect_until(&scene, 2);
    abandon(&scene, older, EXCHANGE_CAUSE_DEADLINE);
    assert_int_equal(pool_free_connections(scene.pool), 1);
    scene_end(&scene);
}

static void a_request_of_another_loop_without_a_response_closes_what_was_silent_since(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, &silent, 60 * CLOCK_NS_PER_S);
    connect_until(&scene, 1);
    scene.unanswered_ns = clock_now_ns();
    connect_until(&scene, 2);
    pool_close_silent(scene.pool);
    assert_int_equal(pool_free_connections(scene.pool), 1);
    scene_end(&scene);
}

static void a_connection_is_free_again_unless_its_response_was_anothers(void **state)
{
    (void)state;
    for (int closes = 0; closes <= 1; closes++) {
        struct scene scene;
        scene_begin(&scene, &responsive, 60 * CLOCK_NS_PER_S);
        scene.closes = closes;
        connect_until(&scene, 1);
        start(&scene);
        assert_int_equal(pool_free_connections(scene.pool), 0);
        loop_until(scene.trial.loop, scene.finished > 0);
        assert_int_equal(pool_free_connections(scene.pool), 1 - closes);
        scene_end(&scene);
    }
}

/* How often the limit is lowered when exchanges end so after a time in which they should have been
 * answered. */
static size_t times_lowered_by(enum exchange_cause cause)
{
    struct scene scene;
    scene_begin(&scene, &silent, 60 * CLOCK_NS_PER_S);
    for (size_t i = 0; i < scene.trial.settings.connections; i++) {
        connect_until(&scene, i + 1);
        struct connection *connection = start(&scene);
        scene.exchange.deadline_cause = cause;
        for (int64_t end_ns = clock_now_ns() + 25 * CLOCK_NS_PER_MS; clock_now_ns() <= end_ns;)
            sched_yield();
        abandon(&scene, connection, cause);
    }
    size_t times = pool_admission(scene.pool)->limit.times_lowered;
    scene_end(&scene);
    return times;
}

static void deadlines_without_a_response_lower_the_limit_whoever_has_set_them(void **state)
{
    (void)state;
    assert_int_equal(times_lowered_by(EXCHANGE_CAUSE_DEADLINE), 1);
    assert_int_equal(times_lowered_by(EXCHANGE_CAUSE_CONNECTION_AGE), 1);
}

static void a_failed_connect_leaves_nothing_to_wait_for(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, &silent, 60 * CLOCK_NS_PER_S);
    tls_peer_stop(scene.trial.peer);
    pool_open_for(scene.pool, 1);
    assert_true(pool_may_get_connection(scene.pool));
    loop_until(scene.trial.loop, scene.failed > 0);
    assert_false(pool_may_get_connection(scene.pool));
    assert_int_equal(pool_state(scene.pool), BREAKER_OPEN);
    assert_int_equal(pool_failure(scene.pool).status->code, STATUS_UNAVAILABLE);
    scene.trial.peer = tls_peer_start(scene.trial.folder, &silent, 1);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_connections_are_opened_than_calls_wait_and_than_may_be),
        cmocka_unit_test(a_connection_that_was_idle_for_too_long_is_not_taken),
        cmocka_unit_test(a_connection_that_was_idle_for_too_long_is_closed),
        cmocka_unit_test(a_deadline_without_a_response_closes_what_was_silent_for_as_long),
        cmocka_unit_test(a_deadline_without_a_response_closes_no_newer_connection),
        cmocka_unit_test(a_request_of_another_loop_without_a_response_closes_what_was_silent_since),
        cmocka_unit_test(a_connection_is_free_again_unless_its_response_was_anothers),
        cmocka_unit_test(deadlines_without_a_response_lower_the_limit_whoever_has_set_them),
        cmocka_unit_test(a_failed_connect_leaves_nothing_to_wait_for),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
