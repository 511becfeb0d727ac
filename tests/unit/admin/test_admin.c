/* SPDX-License-Identifier: MIT */
/* Are requests to the admin port carried out, and only those that are meant? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/stat.h>

#include "ports_trial.h"
#include "telemetry/log.h"

#include "base/banned.h"

static void admin_requests_are_carried_out(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    const char *address = admin_address(trial.admin);
    assert_response(exchange(&trial, address, "GET /config HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ",
                    "--listen 127.0.0.1:0 flag\n");
    char *rejected = exchange(&trial, address, "GET /quitquitquit HTTP/1.1\r\n\r\n");
    assert_memory_equal(rejected, "HTTP/1.1 405 ", 13);
    assert_non_null(strstr(rejected, "\r\nAllow: POST\r\n"));
    assert_int_equal(trial.drains, 0);
    assert_response(
        exchange(&trial, address, "POST /quitquitquit HTTP/1.1\r\nContent-Length: 3\r\n\r\nnow"),
        "HTTP/1.1 202 ", "draining\n");
    assert_int_equal(trial.drains, 1);
    end(&trial);
}

static void a_request_waits_for_its_whole_body(void **state)
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

static void the_log_level_is_the_one_that_was_put_last(void **state)
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
    const char *rejected =
        exchange(&trial, address, "PUT /log-level HTTP/1.1\r\nContent-Length: 4\r\n\r\nloud");
    assert_memory_equal(rejected, "HTTP/1.1 400 ", 13);
    assert_non_null(strstr(rejected, "debug, info, warning or error"));
    assert_true(log_enabled(LOG_DEBUG));
    log_set_level(LOG_INFO);
    end(&trial);
}

/* A page can send a POST, and can have a name that leads to loopback. */
static void requests_of_web_pages_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *fields, *status;
    } rows[] = {
        {"Host: localhost:9091\r\n", "HTTP/1.1 202 "},
        {"Host: 127.0.0.1:9091\r\n", "HTTP/1.1 202 "},
        {"Host: [::1]:9091\r\n", "HTTP/1.1 202 "},
        {"", "HTTP/1.1 202 "},
        {"Host: localhost:9091\r\nOrigin: http://evil.test\r\n", "HTTP/1.1 403 "},
        {"Host: localhost:9091\r\nOrigin: null\r\n", "HTTP/1.1 403 "},
        {"Host: localhost:9091\r\nOrigin:\r\n", "HTTP/1.1 403 "},
        {"Host: localhost:9091\r\nSec-Fetch-Site: same-origin\r\n", "HTTP/1.1 403 "},
        {"Host: localhost:9091\r\nsec-fetch-site: cross-site\r\n", "HTTP/1.1 403 "},
        {"Host: evil.test:9091\r\n", "HTTP/1.1 403 "},
        {"Host: 10.0.0.1:9091\r\n", "HTTP/1.1 403 "},
        {"Host:\r\n", "HTTP/1.1 403 "},
    };
    struct trial trial;
    unsigned drains = 0;
    begin(&trial);
    for (size_t i = 0; i < array_length(rows); i++) {
        char request[256];
        snprintf(request, sizeof request, "POST /quitquitquit HTTP/1.1\r\n%s\r\n", rows[i].fields);
        const char *response = exchange(&trial, admin_address(trial.admin), request);
        if (strncmp(response, rows[i].status, 13) != 0)
            fail_msg("%s: %s", rows[i].fields, response);
        drains += strcmp(rows[i].status, "HTTP/1.1 202 ") == 0;
        assert_int_equal(trial.drains, drains);
    }
    end(&trial);
}

/* Of the monitor's socket everybody may read. */
static void only_its_owner_may_connect_to_the_admin_socket(void **state)
{
    (void)state;
    char folder[] = "/tmp/admin-XXXXXX", path[64];
    struct trial trial;
    struct status status;
    struct stat file;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    const struct address address = {.unix_path = path};
    const struct admin_actions actions = {drain, write_config, &trial};
    begin_at(&trial, &address);
    assert_int_equal(lstat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0666);
    end(&trial);
    begin(&trial);
    admin_free(trial.admin);
    assert_true(admin_open(&address, trial.loop, &actions, &trial.admin, &status));
    assert_int_equal(lstat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    end(&trial);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(admin_requests_are_carried_out),
        cmocka_unit_test(a_request_waits_for_its_whole_body),
        cmocka_unit_test(an_address_in_use_is_reported_with_its_option),
        cmocka_unit_test(the_log_level_is_the_one_that_was_put_last),
        cmocka_unit_test(requests_of_web_pages_are_refused),
        cmocka_unit_test(only_its_owner_may_connect_to_the_admin_socket),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
