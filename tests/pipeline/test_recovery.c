/* SPDX-License-Identifier: MIT */
/* With --recover-lost-creates, which creates are looked up, and which status does the caller get?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recovery_trial.h"

#define LIST_TARGET "/v2/p/apigw/instances/i/api-groups?name="

static void look_ups_are_off_by_default(void **state)
{
    struct script *script = *state;
    rig_free(script->rig);
    script->rig = rig_new("a-token");
    then(script, LOST);
    const struct rig_result *result = create(script);
    assert_requests(result, "POST");
    assert_failed(result, STATUS_UNKNOWN, "OUTCOME_UNKNOWN", NULL, "-1");
}

static void a_create_that_happened_returns_its_group(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then_list_of_one(script, DATE, NEW);
    const struct rig_result *result = create(script);
    assert_found(result);
    assert_requests(result, "POST GET");
    assert_target(result, 1, LIST_TARGET "name&precise_search=name");
    assert_true(text_equal(rig_trailer(result, "x-apig-attempts"), text_literal("1")));
    assert_null(rig_trailer(result, "grpc-status-details-bin").data);
}

static void a_group_that_was_created_is_reported_when_no_memory_is_left(void **state)
{
    struct script *script = *state;
    rig_refuse_replies(script->rig);
    then(script, LOST);
    then_list_of_one(script, DATE, NEW);
    assert_found(create(script));
}

static void every_unknown_outcome_is_looked_up(void **state)
{
    struct script *script = *state;
    static const char *const unknowns[] = {
        LOST,
        "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"id\":",
        "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\noops",
        "HTTP/1.1 201 Created\r\nContent-Length: 999999999\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 303 See Other\r\nContent-Length: 0\r\n\r\n",
        SYSTEM_ERROR,
    };
    for (size_t i = 0; i < array_length(unknowns); i++) {
        script->count = 0;
        then(script, unknowns[i]);
        then_list_of_one(script, DATE, NEW);
        const struct rig_result *result = create(script);
        assert_found(result);
        assert_requests(result, "POST GET");
    }
}

#define ANOTHER                                                                                    \
    "HTTP/1.1 201 Created\r\nContent-Length: 25\r\n\r\n{\"id\":\"1\",\"name\":\"other\"}"

static void a_response_that_belongs_to_another_create_is_not_believed(void **state)
{
    struct script *script = *state;
    then(script, ANOTHER);
    then_list_of_one(script, DATE, NEW);
    const struct rig_result *result = create(script);
    assert_found(result);
    assert_int_equal(result->closed_connections, 1);
}

static void a_create_whose_response_was_anothers_is_not_sent_again(void **state)
{
    struct script *script = *state;
    then(script, ANOTHER);
    then_list_of_none(script);
    const struct rig_result *result = create(script);
    assert_int_equal(result->code, STATUS_UNKNOWN);
    assert_requests(result, "POST GET");
}

/* The upstream itself does not know the outcome of a create that ended in a system error, so an
 * empty list proves nothing, and the status stays that of the upstream's fault. */
static void a_system_error_stays_one_when_nothing_is_listed(void **state)
{
    struct script *script = *state;
    then(script, SYSTEM_ERROR);
    then_list_of_none(script);
    const struct rig_result *result = create(script);
    assert_requests(result, "POST GET");
    assert_failed(result, STATUS_INTERNAL, "APIG_9999", "ABSENT", "-1");
}

static void a_look_up_resolves_the_outcome_of_a_system_error(void **state)
{
    struct script *script = *state;
    then(script, SYSTEM_ERROR);
    then_list_of_one(script, DATE, OLD);
    assert_failed(create(script), STATUS_ALREADY_EXISTS, "ALREADY_EXISTS", "OLDER", "-1");
}

static void a_known_outcome_is_not_looked_up(void **state)
{
    struct script *script = *state;
    then(script, CREATED);
    assert_requests(create(script), "POST");
    script->count = 0;
    then(script, EXISTS);
    const struct rig_result *result = create(script);
    assert_requests(result, "POST");
    assert_int_equal(result->code, STATUS_ALREADY_EXISTS);
}

static void a_group_from_before_the_call_already_exists(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then_list_of_one(script, DATE, OLD);
    const struct rig_result *result = create(script);
    assert_requests(result, "POST GET");
    assert_failed(result, STATUS_ALREADY_EXISTS, "ALREADY_EXISTS", "OLDER", "-1");
}

/* Small in bytes, and more in memory than a call may take. */
static struct text response_that_fills_the_memory(void)
{
    enum { DOMAINS = 65000 };
    static char response[DOMAINS * 32];
    static const char domain[] = ",{\"ssl_infos\":[{},{},{},{}]}";
    size_t body = strlen("{\"id\":\"1\",\"url_domains\":[{}") + DOMAINS * (sizeof domain - 1) + 2;
    size_t used = (size_t)sprintf(response,
                                  "HTTP/1.1 201 Created\r\nContent-Length: %zu\r\n\r\n"
                                  "{\"id\":\"1\",\"url_domains\":[{}",
                                  body);
    for (size_t i = 0; i < DOMAINS; i++)
        used += (size_t)sprintf(response + used, "%s", domain);
    used += (size_t)sprintf(response + used, "]}");
    assert_true(used < sizeof response);
    return (struct text){response, used};
}

static void a_response_that_fills_the_memory_is_looked_up_as_well(void **state)
{
    struct script *script = *state;
    script->responses[script->count++] =
        (struct rig_response){.bytes = response_that_fills_the_memory()};
    then_list_of_one(script, DATE, NEW);
    const struct rig_result *result = create(script);
    assert_found(result);
    assert_requests(result, "POST GET");
    script->count = 1;
    then(script, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert_stays_unknown(create(script));
    script->count = 1;
    rig_recover_lost_creates(script->rig, false);
    assert_unknown(create(script), "POST", NULL);
}

static void a_name_travels_percent_encoded(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then_list(script, DATE,
              "{\"total\":1,\"groups\":[{\"id\":\"7\",\"name\":\"a/b(\xe7\xbb\x84):\xe3\x80\x81\","
              "\"register_time\":\"" NEW "\"}]}");
    const struct rig_result *result =
        create_of(script, text_literal("\n\1p\x12\1i\x1a\x0c"
                                       "a/b(\xe7\xbb\x84):\xe3\x80\x81"));
    assert_int_equal(result->code, STATUS_OK);
    assert_target(result, 1, LIST_TARGET "a%2Fb%28%E7%BB%84%29%3A%E3%80%81&precise_search=name");
}

static void a_list_is_not_recovered(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    const struct rig_upstream upstream = {.responses = script->responses, .response_count = 1};
    const struct rig_result *result =
        rig_call(script->rig, rig_method(script->rig, text_literal("ListApiGroups")),
                 text_literal("\n\1p\x12\1i"), NULL, &upstream);
    /* It only reads, so it may be repeated, here and by the caller. */
    assert_requests(result, "GET GET GET GET");
    assert_int_equal(result->code, STATUS_UNAVAILABLE);
    assert_true(rig_trailer(result, "grpc-retry-pushback-ms").data[0] != '-');
}

/* AssociateDomainRequest {project_id: "p" instance_id: "i" group_id: "g" url_domain: "a.b"} */
static const struct rig_result *associate(struct script *script)
{
    const struct rig_upstream upstream = {
        .responses = script->responses, .response_count = script->count, .ends_stream = true};
    const struct rig_result *result =
        rig_call(script->rig, rig_method(script->rig, text_literal("AssociateDomain")),
                 text_literal("\n\1p\x12\1i\x1a\1g\"\3a.b"), NULL, &upstream);
    assert_int_equal(result->replies, 1);
    return result;
}

static void an_element_without_a_time_of_creation_leaves_the_outcome_unknown(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then_list(script, DATE, "{\"id\":\"g\",\"url_domains\":[{\"id\":\"7\",\"domain\":\"a.b\"}]}");
    const struct rig_result *result = associate(script);
    assert_requests(result, "POST GET");
    assert_target(result, 1, "/v2/p/apigw/instances/i/api-groups/g");
    assert_int_equal(result->code, STATUS_UNKNOWN);
    struct text details = rig_trailer(result, "grpc-status-details-bin");
    assert_non_null(memmem(details.data, details.size, "EXISTS", 6));
    assert_non_null(memmem(details.data, details.size, "a.b", 3));
    assert_non_null(
        memmem(result->message.data, result->message.size, "a look-up showed that", 21));
}

static void a_list_without_a_total_is_whole(void **state)
{
    struct script *script = *state;
    then(script, LOST);
    then_list(script, DATE, "{\"id\":\"g\",\"url_domains\":[{\"id\":\"8\",\"domain\":\"b.b\"}]}");
    then(script, "HTTP/1.1 201 Created\r\nContent-Length: "
                 "34\r\n\r\n{\"id\":\"7\",\"url_domain\":\"A.B\"}     ");
    const struct rig_result *result = associate(script);
    assert_requests(result, "POST GET POST");
    assert_int_equal(result->code, STATUS_OK);
}

int main(void)
{
#define guarantee(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_element_without_a_time_of_creation_leaves_the_outcome_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_without_a_total_is_whole, set_up, tear_down),
        guarantee(look_ups_are_off_by_default),
        guarantee(a_create_that_happened_returns_its_group),
        guarantee(a_group_that_was_created_is_reported_when_no_memory_is_left),
        guarantee(a_response_that_belongs_to_another_create_is_not_believed),
        guarantee(a_create_whose_response_was_anothers_is_not_sent_again),
        guarantee(every_unknown_outcome_is_looked_up),
        guarantee(a_system_error_stays_one_when_nothing_is_listed),
        guarantee(a_look_up_resolves_the_outcome_of_a_system_error),
        guarantee(a_known_outcome_is_not_looked_up),
        guarantee(a_group_from_before_the_call_already_exists),
        guarantee(a_response_that_fills_the_memory_is_looked_up_as_well),
        guarantee(a_name_travels_percent_encoded),
        guarantee(a_list_is_not_recovered),
    };
#undef guarantee
    return cmocka_run_group_tests(tests, NULL, NULL);
}
