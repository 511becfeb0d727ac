/* SPDX-License-Identifier: MIT */
/* Do the monitor port's pages show the checks and the metrics? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "ports_trial.h"

#include "base/banned.h"

static void a_probe_responds_with_200_or_with_503_and_the_reasons(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    assert_response(ask_monitor(&trial, "GET", "/livez"), "HTTP/1.1 200 OK\r\n", "live\n");
    assert_response(ask_monitor(&trial, "GET", "/startupz"), "HTTP/1.1 200 ", "started\n");
    trial.ready = false;
    assert_response(ask_monitor(&trial, "GET", "/livez"), "HTTP/1.1 200 ", "live\n");
    assert_response(ask_monitor(&trial, "GET", "/startupz"), "HTTP/1.1 503 Service Unavailable\r\n",
                    "not started; draining\n");
    trial.live = false;
    assert_response(ask_monitor(&trial, "GET", "/livez"), "HTTP/1.1 503 ",
                    "not live; loop is stuck\n");
    assert_response(ask_monitor(&trial, "GET", "/startupz"), "HTTP/1.1 503 ",
                    "not started; loop is stuck; draining\n");
    end(&trial);
}

static void a_check_that_is_only_mentioned_does_not_count(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    assert_response(ask_monitor(&trial, "GET", "/readyz"), "HTTP/1.1 200 ", "ready; rain today\n");
    trial.ready = false;
    assert_response(ask_monitor(&trial, "GET", "/readyz"), "HTTP/1.1 503 ",
                    "not ready; draining; rain today\n");
    end(&trial);
}

static void verbose_lists_all_checks_of_a_page(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    trial.ready = false;
    assert_response(ask_monitor(&trial, "GET", "/livez?verbose"), "HTTP/1.1 200 ",
                    "[+] loop runs\nlive\n");
    assert_response(ask_monitor(&trial, "GET", "/readyz?verbose"), "HTTP/1.1 503 ",
                    "[-] draining\n[ ] rain today\nnot ready\n");
    assert_response(ask_monitor(&trial, "GET", "/startupz?verbose"), "HTTP/1.1 503 ",
                    "[+] loop runs\n[-] draining\nnot started\n");
    end(&trial);
}

static void the_root_lists_the_pages(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    const char *response = ask_monitor(&trial, "GET", "/");
    assert_memory_equal(response, "HTTP/1.1 200 ", 13);
    static const char *const paths[] = {"\n/livez ", "\n/readyz ", "\n/startupz ", "\n/metrics "};
    for (size_t i = 0; i < array_length(paths); i++)
        assert_non_null(strstr(response, paths[i]));
    end(&trial);
}

static void metrics_come_in_the_format_of_accept(void **state)
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
    assert_response(ask_monitor(&trial, "GET", "/readyz"), "HTTP/1.1 200 ", "ready; rain today\n");
    end(&trial);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_probe_responds_with_200_or_with_503_and_the_reasons),
        cmocka_unit_test(a_check_that_is_only_mentioned_does_not_count),
        cmocka_unit_test(verbose_lists_all_checks_of_a_page),
        cmocka_unit_test(the_root_lists_the_pages),
        cmocka_unit_test(metrics_come_in_the_format_of_accept),
        cmocka_unit_test(a_unix_socket_serves_and_its_file_goes_with_it),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
