/* SPDX-License-Identifier: MIT */
/* With --recover-lost-creates, when is a lost create sent again, and which status follows? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recovery_trial.h"

static void a_create_that_did_not_happen_is_sent_again(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then_list_of_none(script);
    then(script, CREATED);
    const struct rig_result *result = create(script);
    assert_int_equal(result->code, STATUS_OK);
    assert_requests(result, "POST GET POST");
    assert_true(text_equal(result->requests[0], result->requests[2]));
    assert_true(text_equal(rig_trailer(result, "x-apig-attempts"), text_literal("2")));
}

static void the_response_to_the_second_attempt_counts(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then_list_of_none(script);
    then(script, "HTTP/1.1 403 Forbidden\r\nContent-Length: 42\r\n\r\n"
                 "{\"error_code\":\"APIG.3101\",\"error_msg\":\"x\"}");
    const struct rig_result *result = create(script);
    assert_requests(result, "POST GET POST");
    assert_int_equal(result->code, STATUS_RESOURCE_EXHAUSTED);
}

static void a_second_attempt_that_is_lost_is_looked_up_as_well(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then_list_of_none(script);
    then(script, LOST);
    then_list_of_one(script, DATE, NEW);
    const struct rig_result *result = create(script);
    assert_found(result);
    assert_requests(result, "POST GET POST GET");
}

/* The first attempt was still on its way when the list was read. */
static void a_first_attempt_that_happens_late_is_not_taken_for_somebody_elses(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then_list_of_none(script);
    then(script, EXISTS);
    then_list_of_one(script, DATE, NEW);
    const struct rig_result *result = create(script);
    assert_found(result);
    assert_requests(result, "POST GET POST GET");
}

static void when_no_attempt_is_left_the_caller_may_try_again(void **state)
{
    struct script *script = *state;
    for (size_t i = 0; i < 4; i++) {
        then(script, LOST);
        then_list_of_none(script);
    }
    const struct rig_result *result = create(script);
    assert_int_equal(result->request_count, 8);
    assert_failed(result, STATUS_UNAVAILABLE, "NOT_CARRIED_OUT", "ABSENT", NULL);
    assert_true(rig_trailer(result, "grpc-retry-pushback-ms").size > 0);
    assert_true(rig_trailer(result, "grpc-retry-pushback-ms").data[0] != '-');
}

/* The group may be that of the first attempt, so ALREADY_EXISTS would be wrong. */
static void a_group_after_a_second_attempt_stays_unknown_when_the_look_up_fails(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then_list_of_none(script);
    then(script, EXISTS);
    then(script, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert_unknown(create(script), "POST GET POST GET", "FAILED");
    script->count = 0;
    then(script, LOST);
    then_list_of_none(script);
    then(script, EXISTS);
    then_list_of_none(script);
    assert_unknown(create(script), "POST GET POST GET", "ABSENT");
    script->count = 0;
    then(script, LOST);
    then_list_of_none(script);
    then(script, EXISTS);
    then_list_of_one(script, DATE, OLD);
    const struct rig_result *result = create(script);
    assert_failed(result, STATUS_ALREADY_EXISTS, "ALREADY_EXISTS", "OLDER", "-1");
}

int main(void)
{
#define guarantee(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        guarantee(a_create_that_did_not_happen_is_sent_again),
        guarantee(the_response_to_the_second_attempt_counts),
        guarantee(a_second_attempt_that_is_lost_is_looked_up_as_well),
        guarantee(a_first_attempt_that_happens_late_is_not_taken_for_somebody_elses),
        guarantee(when_no_attempt_is_left_the_caller_may_try_again),
        guarantee(a_group_after_a_second_attempt_stays_unknown_when_the_look_up_fails),
    };
#undef guarantee
    return cmocka_run_group_tests(tests, NULL, NULL);
}
