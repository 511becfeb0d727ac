/* SPDX-License-Identifier: MIT */
/* Does an HTTP port bound what a peer can take of it, and serve the others? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>

#include "ports_trial.h"

#include "base/banned.h"

static void head_is_get_without_the_body(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    char *response = ask_monitor(&trial, "HEAD", "/readyz");
    assert_response(response, "HTTP/1.1 200 ", "");
    assert_non_null(strstr(response, "\r\nContent-Length: 18\r\n"));
    end(&trial);
}

static void other_pages_and_methods_are_rejected(void **state)
{
    (void)state;
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "BREW", "get"};
    struct trial trial;
    begin(&trial);
    assert_memory_equal(ask_monitor(&trial, "GET", "/pages"), "HTTP/1.1 404 ", 13);
    assert_memory_equal(ask_monitor(&trial, "GET", "/readyz/"), "HTTP/1.1 404 ", 13);
    assert_memory_equal(ask_monitor(&trial, "POST", "/quitquitquit"), "HTTP/1.1 404 ", 13);
    for (size_t i = 0; i < array_length(methods); i++) {
        char *response = ask_monitor(&trial, methods[i], "/readyz");
        assert_memory_equal(response, "HTTP/1.1 405 ", 13);
        assert_non_null(strstr(response, "\r\nAllow: GET\r\n"));
    }
    assert_int_equal(trial.drains, 0);
    end(&trial);
}

/* Head and body, as long as given. */
static char *padded(size_t head_bytes, size_t body_bytes)
{
    static char request[65536];
    int used =
        snprintf(request, sizeof request,
                 "POST /quitquitquit HTTP/1.1\r\nContent-Length: %zu\r\nX-Long: ", body_bytes);
    memset(request + used, 'x', sizeof request - (size_t)used);
    memcpy(request + head_bytes - 4, "\r\n\r\n", 4);
    request[head_bytes + body_bytes] = '\0';
    return request;
}

static void a_request_that_is_too_large_or_malformed_is_rejected(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    const char *address = admin_address(trial.admin);
    assert_memory_equal(exchange(&trial, address, padded(8192, 1024)), "HTTP/1.1 202 ", 13);
    assert_memory_equal(exchange(&trial, address, padded(8193, 0)), "HTTP/1.1 431 ", 13);
    assert_memory_equal(exchange(&trial, address, padded(60000, 0)), "HTTP/1.1 431 ", 13);
    assert_memory_equal(exchange(&trial, address, padded(200, 1025)), "HTTP/1.1 413 ", 13);
    assert_memory_equal(exchange(&trial, address, "nonsense\r\n\r\n"), "HTTP/1.1 400 ", 13);
    assert_memory_equal(
        exchange(&trial, address, "GET /config HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        "HTTP/1.1 400 ", 13);
    assert_memory_equal(exchange(&trial, address, "GET /config HTTP/3.0\r\n\r\n"), "HTTP/1.1 505 ",
                        13);
    assert_int_equal(trial.drains, 1);
    end(&trial);
}

static void a_large_response_reaches_a_peer_that_has_finished_sending(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    trial.large = true;
    int fd = connect_to(admin_address(trial.admin));
    send_all(fd, text_literal("GET /config HTTP/1.1\r\n\r\n"));
    shutdown(fd, SHUT_WR);
    char *response = receive(&trial, fd);
    assert_true(strlen(response) > LARGE_BYTES);
    end(&trial);
}

#define CONNECTIONS 64

static bool is_open(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void above_the_bound_the_oldest_unfinished_request_gives_its_place(void **state)
{
    (void)state;
    struct trial trial;
    int fds[CONNECTIONS];
    begin(&trial);
    const char *address = monitor_address(trial.monitor);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        fds[i] = connect_to(address);
        send_all(fds[i], text_literal("GET /livez HTT"));
        event_base_loop(trial.loop, EVLOOP_NONBLOCK);
    }
    for (size_t probes = 1; probes <= 3; probes++) {
        assert_memory_equal(ask_monitor(&trial, "GET", "/livez"), "HTTP/1.1 200 ", 13);
        /* A probe that has been answered leaves its place to the next one. */
        for (size_t i = 0; i < CONNECTIONS; i++)
            assert_int_equal(is_open(fds[i]), i > 0);
    }
    assert_memory_equal(
        exchange(&trial, admin_address(trial.admin), "GET /config HTTP/1.1\r\n\r\n"),
        "HTTP/1.1 200 ", 13);
    send_all(fds[1], text_literal("P/1.1\r\n\r\n"));
    assert_memory_equal(receive(&trial, fds[1]), "HTTP/1.1 200 ", 13);
    close(fds[0]);
    for (size_t i = 2; i < CONNECTIONS; i++)
        close(fds[i]);
    end(&trial);
}

/* However often it sends something. */
static void a_slow_peer_is_cut_off(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    int fd = connect_to(monitor_address(trial.monitor));
    int64_t late_ns = clock_now_ns() + LOOP_PATIENCE_NS;
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    int64_t began_ns = clock_now_ns();
    send_all(fd, text_literal("GET /livez HTTP/1.1\r\nX-Slow: "));
    while (poll(&ended, 1, 100) == 0) {
        assert_true(clock_now_ns() < late_ns);
        (void)!send(fd, "x", 1, 0);
        event_base_loop(trial.loop, EVLOOP_NONBLOCK);
    }
    char byte;
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    assert_true(clock_now_ns() - began_ns >= 2 * CLOCK_NS_PER_S - CLOCK_NS_PER_S / 10);
    close(fd);
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(other_pages_and_methods_are_rejected),
        cmocka_unit_test(a_request_that_is_too_large_or_malformed_is_rejected),
        cmocka_unit_test(a_large_response_reaches_a_peer_that_has_finished_sending),
        cmocka_unit_test(above_the_bound_the_oldest_unfinished_request_gives_its_place),
        cmocka_unit_test(a_slow_peer_is_cut_off),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
