/* SPDX-License-Identifier: MIT */
/* Do the two HTTP ports serve the requests that they should, and no others? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/monitor.h"
#include "base/clock.h"
#include "telemetry/log.h"

#include "base/banned.h"

/* No test waits longer for what has to come. */
#define PATIENCE_NS (60 * CLOCK_NS_PER_S)

#define LARGE_BYTES (900 * 1024)

/* Both ports, and what stands behind them. */
struct trial {
    struct event_base *loop;
    struct monitor *monitor;
    struct admin *admin;
    bool live, ready, large;
    unsigned drains;
};

static bool is_live(void *context, struct buffer *why)
{
    const struct trial *trial = context;
    buffer_add_text(why, trial->live ? text_literal("turns") : text_literal("stuck"));
    return trial->live;
}

static bool is_ready(void *context, struct buffer *why)
{
    const struct trial *trial = context;
    buffer_add_text(why, trial->ready ? text_literal("serving") : text_literal("draining"));
    return trial->ready;
}

static bool is_fine(void *context, struct buffer *why)
{
    (void)context;
    buffer_add_literal(why, "rain");
    return false;
}

static const struct monitor_check checks[] = {
    {"loop", MONITOR_LIVE | MONITOR_STARTED, 0, is_live},
    {"drain", MONITOR_READY | MONITOR_STARTED, 0, is_ready},
    {"weather", 0, MONITOR_READY, is_fine},
};

static void write_page(enum metric_format format, struct buffer *out, void *context)
{
    (void)context;
    buffer_add_text(out, format == METRIC_TEXT ? text_literal("text") : text_literal("open"));
}

static void drain(void *context)
{
    struct trial *trial = context;
    trial->drains++;
}

static void write_config(struct buffer *out, void *context)
{
    const struct trial *trial = context;
    buffer_add_literal(out, "--listen 127.0.0.1:0 flag\n");
    for (size_t i = 0; trial->large && i < LARGE_BYTES; i++)
        buffer_add_char(out, 'x');
}

static const struct address any_port = {.host = "127.0.0.1"};

static void begin_at(struct trial *trial, const struct address *address)
{
    struct status status;
    *trial = (struct trial){.loop = event_base_new(), .live = true, .ready = true};
    struct monitor_sources sources = {checks, array_length(checks), write_page, trial};
    struct admin_actions actions = {drain, write_config, trial};
    assert_true(monitor_open(address, trial->loop, &sources, &trial->monitor, &status));
    assert_true(admin_open(&any_port, trial->loop, &actions, &trial->admin, &status));
}

static void begin(struct trial *trial)
{
    begin_at(trial, &any_port);
}

static void end(struct trial *trial)
{
    monitor_free(trial->monitor);
    admin_free(trial->admin);
    event_base_free(trial->loop);
}

static int connect_to(const char *address)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in remote = {.sin_family = AF_INET};
    bool is_local = strncmp(address, "unix:", 5) == 0;
    if (is_local) {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", address + 5);
    } else {
        const char *colon = strrchr(address, ':');
        assert_memory_equal(address, "127.0.0.1:", 10);
        remote.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
        remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    int fd = socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
    int failed = is_local ? connect(fd, (struct sockaddr *)&local, sizeof local)
                          : connect(fd, (struct sockaddr *)&remote, sizeof remote);
    assert_int_equal(failed, 0);
    return fd;
}

static void send_all(int fd, struct text bytes)
{
    assert_int_equal(send(fd, bytes.data, bytes.size, 0), (ssize_t)bytes.size);
}

/* Turns the loop until the peer closes; what it sent, terminated. Closes `fd`. */
static char *receive(struct trial *trial, int fd)
{
    static char response[LARGE_BYTES + 65536];
    int64_t late_ns = clock_now_ns() + PATIENCE_NS;
    size_t have = 0;
    for (;;) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        assert_true(clock_now_ns() < late_ns);
        event_base_loop(trial->loop, EVLOOP_NONBLOCK);
        if (poll(&readable, 1, 5) == 0)
            continue;
        ssize_t got = recv(fd, response + have, sizeof response - have - 1, MSG_DONTWAIT);
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    close(fd);
    response[have] = '\0';
    return response;
}

static char *exchange(struct trial *trial, const char *address, const char *request)
{
    int fd = connect_to(address);
    send_all(fd, text_of(request));
    return receive(trial, fd);
}

static char *ask_monitor(struct trial *trial, const char *method, const char *target)
{
    char request[256];
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: probe\r\n\r\n", method, target);
    return exchange(trial, monitor_address(trial->monitor), request);
}

static void assert_response(const char *response, const char *status, const char *body)
{
    const char *head_end = strstr(response, "\r\n\r\n");
    assert_non_null(head_end);
    assert_memory_equal(response, status, strlen(status));
    assert_string_equal(head_end + 4, body);
}

static void probes_say_yes_or_no_and_why(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    assert_response(ask_monitor(&trial, "GET", "/livez"), "HTTP/1.1 200 OK\r\n", "live\n");
    assert_response(ask_monitor(&trial, "GET", "/startupz"), "HTTP/1.1 200 ", "started\n");
    trial.ready = false;
    assert_response(ask_monitor(&trial, "GET", "/livez"), "HTTP/1.1 200 ", "live\n");
    assert_response(ask_monitor(&trial, "GET", "/startupz"), "HTTP/1.1 503 Service Unavailable\r\n",
                    "not started; drain: draining\n");
    trial.live = false;
    assert_response(ask_monitor(&trial, "GET", "/livez"), "HTTP/1.1 503 ",
                    "not live; loop: stuck\n");
    assert_response(ask_monitor(&trial, "GET", "/startupz"), "HTTP/1.1 503 ",
                    "not started; loop: stuck; drain: draining\n");
    end(&trial);
}

static void a_header_that_is_only_mentioned_does_not_count(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    assert_response(ask_monitor(&trial, "GET", "/readyz"), "HTTP/1.1 200 ",
                    "ready; weather: rain\n");
    trial.ready = false;
    assert_response(ask_monitor(&trial, "GET", "/readyz"), "HTTP/1.1 503 ",
                    "not ready; drain: draining; weather: rain\n");
    end(&trial);
}

static void verbose_lists_all_checks_of_a_page(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    trial.ready = false;
    assert_response(ask_monitor(&trial, "GET", "/livez?verbose"), "HTTP/1.1 200 ",
                    "[+] loop: turns\nlive\n");
    assert_response(ask_monitor(&trial, "GET", "/readyz?verbose"), "HTTP/1.1 503 ",
                    "[-] drain: draining\n[ ] weather: rain\nnot ready\n");
    assert_response(ask_monitor(&trial, "GET", "/startupz?verbose"), "HTTP/1.1 503 ",
                    "[+] loop: turns\n[-] drain: draining\nnot started\n");
    end(&trial);
}

static void metrics_come_in_the_format_that_is_asked_for(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    const char *address = monitor_address(trial.monitor);
    char *response = ask_monitor(&trial, "GET", "/metrics");
    assert_response(response, "HTTP/1.1 200 ", "text");
    assert_non_null(strstr(response, "\r\nContent-Type: text/plain; version=0.0.4; "));
    response = exchange(&trial, address,
                        "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text; "
                        "version=1.0.0\r\n\r\n");
    assert_response(response, "HTTP/1.1 200 ", "open");
    assert_non_null(
        strstr(response, "\r\nContent-Type: application/openmetrics-text; version=1.0.0; "));
    end(&trial);
}

static void head_is_get_without_its_body(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    char *response = ask_monitor(&trial, "HEAD", "/readyz");
    assert_response(response, "HTTP/1.1 200 ", "");
    assert_non_null(strstr(response, "\r\nContent-Length: 21\r\n"));
    end(&trial);
}

static void other_pages_and_methods_are_refused(void **state)
{
    (void)state;
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "BREW", "get"};
    struct trial trial;
    begin(&trial);
    assert_memory_equal(ask_monitor(&trial, "GET", "/"), "HTTP/1.1 404 ", 13);
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

static void orders_are_carried_out(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    const char *address = admin_address(trial.admin);
    assert_response(exchange(&trial, address, "GET /config HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ",
                    "--listen 127.0.0.1:0 flag\n");
    char *refused = exchange(&trial, address, "GET /quitquitquit HTTP/1.1\r\n\r\n");
    assert_memory_equal(refused, "HTTP/1.1 405 ", 13);
    assert_non_null(strstr(refused, "\r\nAllow: POST\r\n"));
    assert_int_equal(trial.drains, 0);
    assert_response(
        exchange(&trial, address, "POST /quitquitquit HTTP/1.1\r\nContent-Length: 3\r\n\r\nnow"),
        "HTTP/1.1 202 ", "draining\n");
    assert_int_equal(trial.drains, 1);
    end(&trial);
}

static void an_order_waits_for_its_whole_body(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    int fd = connect_to(admin_address(trial.admin));
    struct text request =
        text_literal("POST /quitquitquit HTTP/1.1\r\nContent-Length: 3\r\n\r\nnow");
    for (size_t i = 0; i < request.size; i++) {
        assert_int_equal(trial.drains, 0);
        send_all(fd, (struct text){request.data + i, 1});
        event_base_loop(trial.loop, EVLOOP_NONBLOCK);
    }
    assert_response(receive(&trial, fd), "HTTP/1.1 202 ", "draining\n");
    assert_int_equal(trial.drains, 1);
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

static void a_large_or_malformed_request_is_refused(void **state)
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

static void connections_above_the_bound_are_closed_until_one_ends(void **state)
{
    (void)state;
    struct trial trial;
    int fds[CONNECTIONS];
    begin(&trial);
    const char *address = monitor_address(trial.monitor);
    for (size_t i = 0; i < CONNECTIONS; i++)
        fds[i] = connect_to(address);
    assert_string_equal(ask_monitor(&trial, "GET", "/livez"), "");
    /* The admin port has a bound of its own. */
    assert_memory_equal(
        exchange(&trial, admin_address(trial.admin), "GET /config HTTP/1.1\r\n\r\n"),
        "HTTP/1.1 200 ", 13);
    send_all(fds[0], text_literal("GET /livez HTTP/1.1\r\n\r\n"));
    assert_memory_equal(receive(&trial, fds[0]), "HTTP/1.1 200 ", 13);
    event_base_loop(trial.loop, EVLOOP_NONBLOCK);
    assert_memory_equal(ask_monitor(&trial, "GET", "/livez"), "HTTP/1.1 200 ", 13);
    end(&trial);
    for (size_t i = 1; i < CONNECTIONS; i++)
        close(fds[i]);
}

/* However often it sends something. */
static void a_slow_peer_is_cut_off(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    int fd = connect_to(monitor_address(trial.monitor));
    int64_t late_ns = clock_now_ns() + PATIENCE_NS;
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    send_all(fd, text_literal("GET /livez HTTP/1.1\r\nX-Slow: "));
    while (poll(&ended, 1, 100) == 0) {
        assert_true(clock_now_ns() < late_ns);
        (void)!send(fd, "x", 1, 0);
        event_base_loop(trial.loop, EVLOOP_NONBLOCK);
    }
    char byte;
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
    end(&trial);
}

static void a_unix_socket_serves_and_its_file_goes_with_it(void **state)
{
    (void)state;
    char folder[] = "/tmp/monitor-XXXXXX", path[64];
    struct trial trial;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    struct address address = {.unix_path = path};
    begin_at(&trial, &address);
    assert_memory_equal(monitor_address(trial.monitor), "unix:/", 6);
    assert_response(ask_monitor(&trial, "GET", "/readyz"), "HTTP/1.1 200 ",
                    "ready; weather: rain\n");
    end(&trial);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(rmdir(folder), 0);
}

static void an_address_in_use_is_reported_with_its_option(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    const char *colon = strrchr(monitor_address(trial.monitor), ':');
    struct address taken = {.host = "127.0.0.1", .port = (uint16_t)strtoul(colon + 1, NULL, 10)};
    struct admin_actions actions = {drain, write_config, &trial};
    struct admin *admin = NULL;
    struct status status;
    assert_false(admin_open(&taken, trial.loop, &actions, &admin, &status));
    assert_int_equal(status.code, STATUS_FAILED_PRECONDITION);
    assert_memory_equal(status.message, "--admin: ", 9);
    assert_null(admin);
    end(&trial);
}

static void the_log_level_is_what_was_put_last(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    const char *address = admin_address(trial.admin);
    assert_response(
        exchange(&trial, address, "PUT /log-level?info HTTP/1.1\r\nContent-Length: 5\r\n\r\nerror"),
        "HTTP/1.1 200 ", "error\n");
    assert_false(log_enabled(LOG_WARNING));
    assert_response(
        exchange(&trial, address, "PUT /log-level HTTP/1.1\r\nContent-Length: 6\r\n\r\ndebug\n"),
        "HTTP/1.1 200 ", "debug\n");
    assert_true(log_enabled(LOG_DEBUG));
    const char *refused =
        exchange(&trial, address, "PUT /log-level HTTP/1.1\r\nContent-Length: 4\r\n\r\nloud");
    assert_memory_equal(refused, "HTTP/1.1 400 ", 13);
    assert_non_null(strstr(refused, "debug, info, warning or error"));
    assert_true(log_enabled(LOG_DEBUG));
    log_set_level(LOG_INFO);
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probes_say_yes_or_no_and_why),
        cmocka_unit_test(a_header_that_is_only_mentioned_does_not_count),
        cmocka_unit_test(verbose_lists_all_checks_of_a_page),
        cmocka_unit_test(metrics_come_in_the_format_that_is_asked_for),
        cmocka_unit_test(head_is_get_without_its_body),
        cmocka_unit_test(other_pages_and_methods_are_refused),
        cmocka_unit_test(orders_are_carried_out),
        cmocka_unit_test(an_order_waits_for_its_whole_body),
        cmocka_unit_test(a_large_or_malformed_request_is_refused),
        cmocka_unit_test(a_large_response_reaches_a_peer_that_has_finished_sending),
        cmocka_unit_test(connections_above_the_bound_are_closed_until_one_ends),
        cmocka_unit_test(a_slow_peer_is_cut_off),
        cmocka_unit_test(a_unix_socket_serves_and_its_file_goes_with_it),
        cmocka_unit_test(an_address_in_use_is_reported_with_its_option),
        cmocka_unit_test(the_log_level_is_what_was_put_last),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
