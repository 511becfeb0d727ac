/* SPDX-License-Identifier: MIT */
/* What does the log say of a call? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "rig.h"

/* CreateApiGroupRequest {project_id: "p" instance_id: "i" name: "name"} */
#define CREATE text_literal("\n\1p\x12\1i\x1a\4name")

#define CREATED "HTTP/1.1 201 Created\r\nContent-Length: 13\r\n\r\n{\"id\":\"abcd\"}"
#define NAME_TAKEN                                                                                 \
    "HTTP/1.1 400 Bad\r\nX-Request-Id: theirs\r\nContent-Length: 26\r\n\r\n"                       \
    "{\"error_code\":\"APIG.3201\"}"
#define SYSTEM_ERROR                                                                               \
    "HTTP/1.1 500 Bad\r\nContent-Length: 26\r\n\r\n"                                               \
    "{\"error_code\":\"APIG.9999\"}"

static const char *log_of_row(struct rig *rig, const struct rig_response *row)
{
    static char log[4096];
    const struct rig_upstream upstream = {
        .responses = row, .response_count = 1, .ends_stream = true};
    const struct rig_result *result =
        rig_call(rig, rig_method(rig, text_literal("CreateApiGroup")), CREATE, NULL, &upstream);
    assert_true(result->log.size < sizeof log);
    memcpy(log, result->log.data, result->log.size);
    log[result->log.size] = '\0';
    return log;
}

static const char *log_of(struct rig *rig, const char *response)
{
    return log_of_row(rig, &(struct rig_response){.bytes = text_of(response)});
}

static void assert_all_in(const char *log, const char *const *parts)
{
    for (; *parts; parts++)
        if (!strstr(log, *parts))
            fail_msg("%s is missing in %s", *parts, log);
}

static void a_success_is_one_line_with_times_sizes_and_ids(void **state)
{
    (void)state;
    struct rig *rig = rig_new("a-token");
    const char *log = log_of(rig, CREATED);
    assert_all_in(log,
                  (const char *const[]){"CreateApiGroup", "127.0.0.1:1", "anonymous", "reply", "OK",
                                        "201", "upstream_ms", "total_ms", "request_bytes",
                                        "response_bytes", "request_id", NULL});
    assert_ptr_equal(strchr(log, '\n'), log + strlen(log) - 1);
    assert_null(strstr(log, "attempts"));
    rig_free(rig);
}

static void a_failure_has_the_vendors_code_and_request_id(void **state)
{
    (void)state;
    struct rig *rig = rig_new("a-token");
    assert_all_in(log_of(rig, NAME_TAKEN),
                  (const char *const[]){"interpret", "ALREADY_EXISTS", "400", "APIG.3201",
                                        "upstream_request_id", "theirs", "\"reason\":\"APIG_3201\"",
                                        "\"message\":\"", NULL});
    rig_free(rig);
}

static void a_failure_without_a_response_has_the_reason_and_the_cause_of_its_details(void **state)
{
    (void)state;
    struct rig *rig = rig_new("a-token");
    assert_all_in(log_of(rig, ""), (const char *const[]){"\"reason\":\"OUTCOME_UNKNOWN\"",
                                                         "\"cause\":\"CONNECTION_LOST\"",
                                                         "look before you repeat it", NULL});
    rig_free(rig);
}

static void the_level_says_who_has_to_act(void **state)
{
    (void)state;
    struct rig *rig = rig_new("a-token");
    assert_non_null(strstr(log_of(rig, NAME_TAKEN), "info"));
    assert_non_null(strstr(log_of(rig, SYSTEM_ERROR), "error"));
    assert_non_null(strstr(log_of(rig, ""), "warning"));
    rig_free(rig);
}

/* Metrics count the calls in between. */
static void an_outage_is_warned_of_once_until_a_call_succeeds(void **state)
{
    (void)state;
    static const struct rig_response refused = {.ends = EXCHANGE_CAUSE_CONNECT, .not_sent = true},
                                     created = {.bytes = {CREATED, sizeof CREATED - 1}};
    struct rig *rig = rig_new("a-token");
    for (int outage = 0; outage < 2; outage++) {
        const char *first = log_of_row(rig, &refused);
        assert_non_null(strstr(first, "UPSTREAM_UNREACHABLE"));
        assert_non_null(strstr(first, "\"level\":\"warning\""));
        assert_non_null(strstr(log_of_row(rig, &refused), "\"level\":\"info\""));
        assert_non_null(strstr(log_of_row(rig, &created), "\"code\":\"OK\""));
    }
    rig_free(rig);
}

static void a_call_that_may_not_begin_is_logged_as_well(void **state)
{
    (void)state;
    static const struct {
        enum status_code code;
        const char *parts[4];
    } rows[] = {
        {STATUS_CANCELLED, {"\"step\":\"receive\"", "CANCELLED", "\"reason\":\"CANCELLED\""}},
        {STATUS_UNAVAILABLE, {"\"step\":\"receive\"", "UNAVAILABLE", "\"reason\":\"DRAINING\""}},
    };
    struct rig *rig = rig_new("a-token");
    for (size_t i = 0; i < array_length(rows); i++) {
        rig_refuse_calls(rig, rows[i].code);
        const char *log = log_of(rig, CREATED);
        assert_all_in(log, rows[i].parts);
        assert_all_in(log, (const char *const[]){"CreateApiGroup", "request_id", NULL});
    }
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_success_is_one_line_with_times_sizes_and_ids),
        cmocka_unit_test(a_failure_has_the_vendors_code_and_request_id),
        cmocka_unit_test(a_failure_without_a_response_has_the_reason_and_the_cause_of_its_details),
        cmocka_unit_test(the_level_says_who_has_to_act),
        cmocka_unit_test(an_outage_is_warned_of_once_until_a_call_succeeds),
        cmocka_unit_test(a_call_that_may_not_begin_is_logged_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
