/* SPDX-License-Identifier: MIT */
/* What becomes of exchanges that a loop is given while it delays, cancels or ends them? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "exchange_trial.h"
#include "upstream/connect_status.h"
#include "upstream/loop.h"
#include "upstream/trust_store.h"

static const struct tls_script responsive = {"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",
                                             {TLS_READ_REQUEST, TLS_RESPONSE, TLS_HOLD}};

/* One loop against a peer that responds. */
struct scene {
    char folder[32], url[64], ca_file[64];
    struct tls_peer *peer;
    struct upstream_settings settings;
    struct loop_shared shared;
    struct upstream_loop loop;
};

static void scene_begin(struct scene *scene)
{
    struct status status;
    *scene = (struct scene){.settings = usual};
    snprintf(scene->folder, sizeof scene->folder, "/tmp/loop-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    scene->peer = tls_peer_start(scene->folder, &responsive, 1);
    snprintf(scene->url, sizeof scene->url, "https://localhost:%u", tls_peer_port(scene->peer));
    snprintf(scene->ca_file, sizeof scene->ca_file, "%s/cert.pem", scene->folder);
    scene->settings.url = scene->url;
    assert_true(trust_store_open(scene->ca_file, &(struct reload_listener){.loop = NULL},
                                 &scene->shared.trust_store, &status));
    connect_status_init(&scene->shared.connect_status);
    rate_gate_init(&scene->shared.rate, &scene->settings.rate, &scene->settings.rate_changes);
    assert_true(loop_open(&scene->loop, 0, &scene->settings, &scene->shared, &status));
}

static void scene_end(struct scene *scene)
{
    loop_close(&scene->loop);
    rate_gate_clear(&scene->shared.rate);
    connect_status_clear(&scene->shared.connect_status);
    trust_store_free(scene->shared.trust_store);
    tls_peer_stop(scene->peer);
    unlink(scene->ca_file);
    rmdir(scene->folder);
}

static void prepare(struct scene *scene, struct ask *ask)
{
    ask_prepare("POST", ask, 10, 20 * CLOCK_NS_PER_S);
    loop_adopt(&scene->loop, &ask->exchange);
}

static void an_exchange_is_delayed_and_then_sent(void **state)
{
    (void)state;
    struct scene scene;
    struct ask ask;
    scene_begin(&scene);
    prepare(&scene, &ask);
    ask.exchange.delay_ns = 50 * CLOCK_NS_PER_MS;
    int64_t began_ns = clock_now_ns();
    loop_send(&ask.exchange);
    ask_wait(&ask);
    assert_int_equal(ask.exchange.outcome, EXCHANGE_ANSWERED);
    assert_true(ask.exchange.started_ns - began_ns >= 45 * CLOCK_NS_PER_MS);
    ask_clear(&ask);
    scene_end(&scene);
}

static void a_delayed_exchange_that_is_cancelled_is_not_sent(void **state)
{
    (void)state;
    struct scene scene;
    struct ask ask;
    scene_begin(&scene);
    prepare(&scene, &ask);
    ask.exchange.delay_ns = 10 * CLOCK_NS_PER_S;
    loop_send(&ask.exchange);
    loop_cancel(&ask.exchange);
    ask_wait(&ask);
    while (sem_wait(&ask.released) != 0)
        ;
    assert_int_equal(ask.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(ask.exchange.cause, EXCHANGE_CAUSE_CANCELLED);
    assert_int_equal(tls_peer_requests(scene.peer), 0);
    ask_clear(&ask);
    scene_end(&scene);
}

static void nothing_is_sent_after_the_end(void **state)
{
    (void)state;
    struct scene scene;
    struct ask delayed, late;
    scene_begin(&scene);
    prepare(&scene, &delayed);
    prepare(&scene, &late);
    delayed.exchange.delay_ns = 10 * CLOCK_NS_PER_S;
    loop_send(&delayed.exchange);
    loop_end_all(&scene.loop);
    loop_wait_ended(&scene.loop);
    assert_int_equal(sem_trywait(&delayed.done), 0);
    loop_send(&late.exchange);
    ask_wait(&late);
    assert_int_equal(delayed.exchange.cause, EXCHANGE_CAUSE_STOPPED);
    assert_int_equal(late.exchange.cause, EXCHANGE_CAUSE_STOPPED);
    assert_int_equal(late.exchange.outcome, EXCHANGE_NOT_SENT);
    assert_int_equal(tls_peer_requests(scene.peer), 0);
    ask_clear(&delayed);
    ask_clear(&late);
    scene_end(&scene);
}

static void a_connect_is_reported(void **state)
{
    (void)state;
    struct scene scene;
    struct ask ask;
    struct arena arena;
    struct buffer out;
    scene_begin(&scene);
    prepare(&scene, &ask);
    loop_send(&ask.exchange);
    ask_wait(&ask);
    arena_init(&arena, 1 << 12);
    buffer_init(&out, &arena, 0);
    connect_status_describe(&scene.shared.connect_status, &out);
    assert_true(text_equal(buffer_text(&out), text_literal("reached")));
    arena_clear(&arena);
    ask_clear(&ask);
    scene_end(&scene);
}

static void a_loop_that_was_never_opened_can_be_closed(void **state)
{
    (void)state;
    struct upstream_loop loop = {0};
    loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exchange_is_delayed_and_then_sent),
        cmocka_unit_test(a_delayed_exchange_that_is_cancelled_is_not_sent),
        cmocka_unit_test(nothing_is_sent_after_the_end),
        cmocka_unit_test(a_connect_is_reported),
        cmocka_unit_test(a_loop_that_was_never_opened_can_be_closed),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
