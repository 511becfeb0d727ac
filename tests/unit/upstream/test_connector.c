/* SPDX-License-Identifier: MIT */
/* What kind of transport does a connector make, and what does it say when it cannot make one? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include "connect_trial.h"
#include "upstream/connector.h"

struct opening {
    unsigned reports;
    bool good;
    struct status status;
};

static void on_opened(struct transport *transport, bool good, const struct status *status,
                      void *context)
{
    (void)transport;
    struct opening *opening = context;
    *opening = (struct opening){opening->reports + 1, good, *status};
}

static struct transport *open_transport(struct connect_trial *trial, struct connector *connector,
                                        struct opening *opening)
{
    struct transport *transport;
    struct status status;
    *opening = (struct opening){0};
    assert_true(transport_open(connector, on_opened, opening, &transport, &status));
    loop_until(trial->loop, opening->reports > 0);
    return transport;
}

static struct connector *make_connector(struct connect_trial *trial)
{
    struct connector *connector;
    struct status status;
    assert_true(
        connector_new(&trial->settings, trial->trust_store, trial->loop, &connector, &status));
    return connector;
}

static void send_whole(struct transport *transport, struct text text)
{
    size_t moved;
    assert_int_equal(transport_send(transport, text, &moved), TRANSPORT_DONE);
    assert_int_equal(moved, text.size);
}

static enum transport_result receive(struct connect_trial *trial, struct transport *transport,
                                     char *at, size_t room, size_t *moved)
{
    enum transport_result result = TRANSPORT_AGAIN;
    loop_until(trial->loop,
               (result = transport_receive(transport, at, room, moved)) != TRANSPORT_AGAIN);
    return result;
}

static void bytes_go_both_ways_and_the_end_is_seen(void **state)
{
    (void)state;
    static const struct tls_script script = {"response",
                                             {TLS_READ_REQUEST, TLS_RESPONSE, TLS_CLOSE}};
    struct connect_trial trial;
    struct opening opening;
    char received[16];
    size_t moved;
    connect_trial_begin(&trial, &script, 1);
    struct connector *connector = make_connector(&trial);
    struct transport *transport = open_transport(&trial, connector, &opening);
    assert_true(opening.good);
    uint64_t written = transport_tally(transport).written;
    send_whole(transport, text_literal("POST / HTTP/1.1\r\n\r\n"));
    assert_true(transport_tally(transport).written > written);
    assert_int_equal(receive(&trial, transport, received, sizeof received, &moved), TRANSPORT_DONE);
    assert_int_equal(moved, 8);
    assert_memory_equal(received, "response", 8);
    assert_int_equal(receive(&trial, transport, received, sizeof received, &moved),
                     TRANSPORT_ENDED);
    transport_close(transport);
    connector_free(connector);
    connect_trial_end(&trial);
}

static void a_stream_that_was_cut_is_broken(void **state)
{
    (void)state;
    static const struct tls_script script = {"", {TLS_RESET}};
    struct connect_trial trial;
    struct opening opening;
    char received[16];
    size_t moved;
    connect_trial_begin(&trial, &script, 1);
    struct connector *connector = make_connector(&trial);
    struct transport *transport = open_transport(&trial, connector, &opening);
    if (opening.good)
        assert_int_equal(receive(&trial, transport, received, sizeof received, &moved),
                         TRANSPORT_BROKEN);
    transport_close(transport);
    connector_free(connector);
    connect_trial_end(&trial);
}

static void bytes_that_nobody_acknowledges_break_a_transport_after_ten_seconds(void **state)
{
    (void)state;
    static const struct tls_script script = {"", {TLS_HOLD}};
    struct connect_trial trial;
    struct opening opening;
    unsigned timeout_ms = 0;
    socklen_t size = sizeof timeout_ms;
    connect_trial_begin(&trial, &script, 1);
    struct connector *connector = make_connector(&trial);
    struct transport *transport = open_transport(&trial, connector, &opening);
    assert_int_equal(getsockopt(transport_descriptor(transport), IPPROTO_TCP, TCP_USER_TIMEOUT,
                                &timeout_ms, &size),
                     0);
    assert_int_equal(timeout_ms, 10000);
    transport_close(transport);
    connector_free(connector);
    connect_trial_end(&trial);
}

static void a_refused_connect_names_the_upstream(void **state)
{
    (void)state;
    static const struct tls_script script = {"", {TLS_HOLD}};
    struct connect_trial trial;
    struct opening opening;
    connect_trial_begin(&trial, &script, 1);
    tls_peer_stop(trial.peer);
    struct connector *connector = make_connector(&trial);
    struct transport *transport = open_transport(&trial, connector, &opening);
    assert_false(opening.good);
    assert_int_equal(opening.status.code, STATUS_UNAVAILABLE);
    assert_non_null(strstr(opening.status.message, trial.url));
    assert_null(transport_refusal(transport));
    transport_close(transport);
    connector_free(connector);
    trial.peer = tls_peer_start(trial.folder, &script, 1);
    connect_trial_end(&trial);
}

static void a_transport_that_is_closed_early_is_not_reported(void **state)
{
    (void)state;
    static const struct tls_script script = {"", {TLS_HOLD}};
    struct connect_trial trial;
    struct opening opening = {0};
    struct transport *transport;
    struct status status;
    connect_trial_begin(&trial, &script, 1);
    struct connector *connector = make_connector(&trial);
    assert_true(transport_open(connector, on_opened, &opening, &transport, &status));
    transport_close(transport);
    loop_turn(trial.loop);
    assert_int_equal(opening.reports, 0);
    connector_free(connector);
    connect_trial_end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways_and_the_end_is_seen),
        cmocka_unit_test(a_stream_that_was_cut_is_broken),
        cmocka_unit_test(bytes_that_nobody_acknowledges_break_a_transport_after_ten_seconds),
        cmocka_unit_test(a_refused_connect_names_the_upstream),
        cmocka_unit_test(a_transport_that_is_closed_early_is_not_reported),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
