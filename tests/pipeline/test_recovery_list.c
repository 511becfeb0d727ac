/* SPDX-License-Identifier: MIT */
/* With --recover-lost-creates, which outcome does the response to a look-up prove? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "base/clock.h"
#include "recovery_trial.h"

static void a_look_up_that_fails_leaves_the_outcome_unknown(void **state)
{
    struct script *script = *state;
    static const char *const failures[] = {
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 303 See Other\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\noops",
        "HTTP/1.1 204 No Content\r\n\r\n",
    };
    for (size_t i = 0; i < array_length(failures); i++) {
        script->count = 0;
        then(script, LOST);
        then(script, failures[i]);
        assert_stays_unknown(create(script));
    }
}

static const char *const passing[] = {
    LOST,
    "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 504 Late\r\nContent-Length: 0\r\n\r\n",
};

static void a_look_up_that_fails_for_now_is_repeated(void **state)
{
    struct script *script = *state;
    for (size_t i = 0; i < array_length(passing); i++) {
        script->count = 0;
        then(script, LOST);
        then(script, passing[i]);
        then(script, passing[i]);
        then_list_of_one(script, DATE, NEW);
        const struct rig_result *result = create(script);
        assert_found(result);
        assert_requests(result, "POST GET GET GET");
        assert_true(text_equal(rig_trailer(result, "x-apig-attempts"), text_literal("1")));
    }
}

static void a_look_up_is_not_repeated_for_ever(void **state)
{
    struct script *script = *state;
    for (size_t i = 0; i < array_length(passing); i++) {
        script->count = 0;
        then(script, LOST);
        then(script, passing[i]);
        assert_unknown(create(script), "POST GET GET GET GET", "FAILED");
    }
}

/* A gateway that gave up waiting says nothing of what it waited for; a yes is a yes whatever the
 * list says. */
static void where_it_may_still_happen_nothing_listed_proves_nothing(void **state)
{
    struct script *script = *state;
    static const char *const responses[] = {
        "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 27\r\n\r\n{\"error_code\"",
        "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 27\r\n\r\n{\"error_code\":\"APIGW.0203\"}",
        "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 27\r\n\r\n{\"error_code\":\"APIGW.0201\"}",
        "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"id\":",
        "HTTP/1.1 201 Created\r\nX: \x01\r\n\r\n",
        "HTTP/1.1 303 See Other\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < array_length(responses); i++) {
        script->count = 0;
        then(script, responses[i]);
        then_list_of_none(script);
        assert_unknown(create(script), "POST GET", "ABSENT");
    }
}

static void an_outcome_that_the_list_leaves_open_stays_unknown(void **state)
{
    struct script *script = *state;
    static const char *const bodies[] = {
        "{}",
        "{\"groups\":[]}",
        "{\"total\":21,\"groups\":[{\"id\":\"8\",\"name\":\"name2\"}]}",
        "{\"total\":1,\"groups\":[{\"id\":\"7\"}]}",
        "{\"total\":1,\"groups\":[{\"name\":\"name\"}]}",
        "{\"total\":1,\"groups\":[{\"id\":\"7\",\"name\":\"name\"}]}",
        "{\"total\":2,\"groups\":[{\"id\":\"7\",\"name\":\"name\",\"register_time\":\"" NEW "\"},"
        "{\"id\":\"8\",\"name\":\"name\",\"register_time\":\"" OLD "\"}]}",
    };
    for (size_t i = 0; i < array_length(bodies); i++) {
        script->count = 0;
        then(script, LOST);
        then_list(script, DATE, bodies[i]);
        assert_stays_unknown(create(script));
    }
}

static void a_time_that_cannot_be_read_stays_unknown(void **state)
{
    struct script *script = *state;
    static const char *const times[] = {"",
                                        "2026-08-04T09:05:22Z.866474185Z",
                                        "2026-08-04 09:05:22",
                                        "2026-02-30T09:05:22Z",
                                        "2026-08-04T09:05:22.1234567891Z",
                                        "1722762322"};
    for (size_t i = 0; i < array_length(times); i++) {
        script->count = 0;
        then(script, LOST);
        then_list_of_one(script, DATE, times[i]);
        assert_stays_unknown(create(script));
    }
}

/* Only the upstream's Date and its register_time are compared, so the sidecar's own clock does not
 * matter. */
static void times_are_compared_by_the_upstreams_clock(void **state)
{
    struct script *script = *state;
    static const struct {
        const char *date, *register_time;
        bool found;
    } rows[] = {
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "1994-11-06T08:49:37.000000001Z", true},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "1994-11-06T08:49:35.999999999Z", false},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "1994-11-06T16:49:37.5+08:00", true},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "1994-11-06T16:49:30+08:00", false},
        {"Date: Sat, 06 Nov 2094 08:49:37 GMT\r\n", "2094-11-06T08:49:37Z", true},
        {"Date: Sat, 06 Nov 2094 08:49:37 GMT\r\n", "2094-11-06T08:49:35Z", false},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        script->count = 0;
        then(script, LOST);
        then_list_of_one(script, rows[i].date, rows[i].register_time);
        assert_int_equal(create(script)->code, rows[i].found ? STATUS_OK : STATUS_ALREADY_EXISTS);
    }
}

static void without_a_date_clocks_may_be_seconds_apart(void **state)
{
    struct script *script = *state;
    static const struct {
        int seconds_ago;
        enum status_code code;
    } rows[] = {{-3, STATUS_OK}, {0, STATUS_OK}, {3, STATUS_OK}, {8, STATUS_ALREADY_EXISTS}};
    for (size_t i = 0; i < array_length(rows); i++) {
        char register_time[40];
        time_t then_seconds = clock_calendar_ns() / CLOCK_NS_PER_S - rows[i].seconds_ago;
        struct tm day;
        strftime(register_time, sizeof register_time, "%Y-%m-%dT%H:%M:%SZ",
                 gmtime_r(&then_seconds, &day));
        script->count = 0;
        then(script, LOST);
        then_list_of_one(script, "", register_time);
        assert_int_equal(create(script)->code, rows[i].code);
    }
}

int main(void)
{
#define guarantee(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        guarantee(a_look_up_that_fails_leaves_the_outcome_unknown),
        guarantee(a_look_up_that_fails_for_now_is_repeated),
        guarantee(a_look_up_is_not_repeated_for_ever),
        guarantee(where_it_may_still_happen_nothing_listed_proves_nothing),
        guarantee(an_outcome_that_the_list_leaves_open_stays_unknown),
        guarantee(a_time_that_cannot_be_read_stays_unknown),
        guarantee(times_are_compared_by_the_upstreams_clock),
        guarantee(without_a_date_clocks_may_be_seconds_apart),
    };
#undef guarantee
    return cmocka_run_group_tests(tests, NULL, NULL);
}
