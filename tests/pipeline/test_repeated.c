/* SPDX-License-Identifier: MIT */
/* When the response to an idempotent request is lost, is it sent again, and does the status say no
 * more than is known? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recovery_trial.h"

/* {project_id: "p" instance_id: "i" group_id: "g"}, and in an update name: "name" as well */
#define GROUP "\n\1p\x12\1i\x1a\1g"
#define GROUP_AND_NAME GROUP "\"\4name"

#define UPDATED "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"id\":\"1\"}"
#define DELETED "HTTP/1.1 204 No Content\r\n\r\n"
#define MISSING                                                                                    \
    "HTTP/1.1 404 Not Found\r\nContent-Length: 43\r\n\r\n"                                         \
    "{\"error_code\":\"APIG.3001\",\"error_msg\":\"x\"} "
#define THROTTLED "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"
#define BARE_503 "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n"
#define GATEWAY_TIMEOUT "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n"

static const struct rig_result *call(struct script *script, const char *method, struct text message)
{
    const struct rig_upstream upstream = {
        .responses = script->responses, .response_count = script->count, .ends_stream = true};
    const struct rig_result *result =
        rig_call(script->rig, rig_method(script->rig, text_of(method)), message, NULL, &upstream);
    assert_int_equal(result->replies, 1);
    return result;
}

static const struct rig_result *update(struct script *script)
{
    return call(script, "UpdateApiGroup", text_literal(GROUP_AND_NAME));
}

static const struct rig_result *delete (struct script *script)
{
    return call(script, "DeleteApiGroup", text_literal(GROUP));
}

/* Like assert_failed, without the name, which only a create has. */
static void assert_reason(const struct rig_result *result, enum status_code code,
                          const char *reason)
{
    struct text details = rig_trailer(result, "grpc-status-details-bin");
    assert_int_equal(result->code, code);
    assert_non_null(memmem(details.data, details.size, reason, strlen(reason)));
}

static void a_lost_response_is_followed_by_the_same_request(void **state)
{
    struct script *script = *state;
    static const char *const losses[] = {LOST, BARE_503, GATEWAY_TIMEOUT};
    for (size_t i = 0; i < array_length(losses); i++) {
        script->count = 0;
        then(script, losses[i]);
        then(script, UPDATED);
        const struct rig_result *result = update(script);
        assert_int_equal(result->code, STATUS_OK);
        assert_requests(result, "PUT PUT");
        assert_true(text_equal(result->requests[0], result->requests[1]));
        assert_true(result->committed);
    }
}

static void a_delete_that_finds_nothing_after_a_lost_response_is_done(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then(script, MISSING);
    const struct rig_result *result = delete (script);
    assert_int_equal(result->code, STATUS_OK);
    assert_int_equal(result->response.size, 0);
    assert_requests(result, "DELETE DELETE");
    assert_null(rig_trailer(result, "grpc-status-details-bin").data);
}

static void a_delete_that_finds_nothing_at_first_is_not_found(void **state)
{
    struct script *script = *state;
    then(script, MISSING);
    assert_reason(delete (script), STATUS_NOT_FOUND, "APIG_3001");
}

/* A refused attempt has deleted nothing, and neither has one of which no byte was sent. */
static void a_delete_that_finds_nothing_after_a_refusal_is_not_found(void **state)
{
    struct script *script = *state;
    then(script, THROTTLED);
    then(script, MISSING);
    const struct rig_result *result = delete (script);
    assert_requests(result, "DELETE DELETE");
    assert_reason(result, STATUS_NOT_FOUND, "APIG_3001");
    script->count = 0;
    then(script, LOST);
    script->responses[0].not_sent = true;
    script->responses[0].ends = EXCHANGE_CAUSE_LOST;
    then(script, MISSING);
    assert_reason(delete (script), STATUS_NOT_FOUND, "APIG_3001");
}

static void a_delete_with_a_204_is_done(void **state)
{
    struct script *script = *state;
    then(script, DELETED);
    const struct rig_result *result = delete (script);
    assert_int_equal(result->code, STATUS_OK);
    assert_requests(result, "DELETE");
}

static void an_update_that_finds_nothing_after_a_lost_response_is_unknown(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then(script, MISSING);
    const struct rig_result *result = update(script);
    assert_requests(result, "PUT PUT");
    assert_reason(result, STATUS_UNKNOWN, "OUTCOME_UNKNOWN");
    assert_true(text_contains(result->message, '.'));
    assert_non_null(memmem(result->message.data, result->message.size, "APIG.3001", 9));
}

static void a_failure_after_a_lost_response_never_says_not_processed(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then(script, THROTTLED);
    const struct rig_result *result = update(script);
    assert_true(result->request_count > 2);
    assert_reason(result, STATUS_UNKNOWN, "OUTCOME_UNKNOWN");
    assert_true(text_equal(rig_trailer(result, "grpc-retry-pushback-ms"), text_literal("-1")));
    script->count = 0;
    then(script, LOST);
    then(script, LOST);
    script->responses[1].not_sent = true;
    script->responses[1].ends = EXCHANGE_CAUSE_DEADLINE;
    assert_reason(update(script), STATUS_DEADLINE_EXCEEDED, "OUTCOME_UNKNOWN");
}

static void responses_that_stay_lost_end_in_an_unknown_outcome(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    const struct rig_result *result = update(script);
    assert_requests(result, "PUT PUT PUT PUT");
    assert_reason(result, STATUS_UNKNOWN, "OUTCOME_UNKNOWN");
    assert_null(memmem(result->message.data, result->message.size, "earlier attempt", 15));
}

static void a_check_of_a_name_is_a_post_that_only_reads(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then(script, DELETED);
    const struct rig_result *result =
        call(script, "CheckApiGroups", text_literal("\n\1p\x12\1i\x1a\4name"));
    assert_int_equal(result->code, STATUS_OK);
    assert_requests(result, "POST POST");
    script->count = 0;
    then(script, EXISTS);
    result = call(script, "CheckApiGroups", text_literal("\n\1p\x12\1i\x1a\4name"));
    assert_int_equal(result->code, STATUS_ALREADY_EXISTS);
    assert_false(result->committed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lost_response_is_followed_by_the_same_request, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_delete_that_finds_nothing_after_a_lost_response_is_done,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_delete_that_finds_nothing_at_first_is_not_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_delete_that_finds_nothing_after_a_refusal_is_not_found,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_delete_with_a_204_is_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_update_that_finds_nothing_after_a_lost_response_is_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_after_a_lost_response_never_says_not_processed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(responses_that_stay_lost_end_in_an_unknown_outcome, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_check_of_a_name_is_a_post_that_only_reads, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
