/* SPDX-License-Identifier: MIT */
/* With --recover-lost-creates, which status does the caller get for a create whose response was
 * lost, and which requests does the upstream get? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "rig.h"

#define LIST_TARGET "/v2/p/apigw/instances/i/api-groups?name="
#define DATE "Date: Tue, 04 Aug 2026 09:05:22 GMT\r\n"

/* By the upstream's clock above: within the call, and before it. */
#define NEW "2026-08-04T09:05:22.1Z"
#define OLD "2026-08-04T09:05:20.9Z"

/* CreateApiGroupRequest {project_id: "p" instance_id: "i" name: "name"} */
#define CREATE text_literal("\n\1p\x12\1i\x1a\4name")

#define LOST ""
#define CREATED "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n{\"id\":\"1\"}"
#define EXISTS                                                                                     \
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 43\r\n\r\n"                                       \
    "{\"error_code\":\"APIG.3201\",\"error_msg\":\"x\"} "

#define SYSTEM_ERROR                                                                               \
    "HTTP/1.1 500 Oops\r\nContent-Length: 43\r\n\r\n"                                              \
    "{\"error_code\":\"APIG.9999\",\"error_msg\":\"x\"} "

enum { RESPONSES = 8, RESPONSE_BYTES = 2048 };

struct script {
    struct rig *rig;
    char bytes[RESPONSES][RESPONSE_BYTES];
    struct rig_response responses[RESPONSES];
    size_t count;
};

static int set_up(void **state)
{
    struct script *script = calloc(1, sizeof *script);
    assert_non_null(script);
    script->rig = rig_new("a-token");
    rig_recover_lost_creates(script->rig, true);
    *state = script;
    return 0;
}

static int tear_down(void **state)
{
    struct script *script = *state;
    rig_free(script->rig);
    free(script);
    return 0;
}

/* The next answer of the upstream; LOST loses the connection. */
static void then(struct script *script, const char *response)
{
    assert_true(script->count < RESPONSES && strlen(response) < RESPONSE_BYTES);
    strcpy(script->bytes[script->count], response);
    script->responses[script->count] =
        (struct rig_response){.bytes = text_of(script->bytes[script->count])};
    script->count++;
}

static void then_list(struct script *script, const char *fields, const char *body)
{
    char response[RESPONSE_BYTES];
    snprintf(response, sizeof response, "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n%s",
             fields, strlen(body), body);
    then(script, response);
}

static void then_list_of_one(struct script *script, const char *fields, const char *register_time)
{
    char body[512];
    snprintf(body, sizeof body,
             "{\"size\":1,\"total\":1,\"groups\":[{\"id\":\"7\",\"name\":\"name\","
             "\"register_time\":\"%s\"}]}",
             register_time);
    then_list(script, fields, body);
}

static void then_list_of_none(struct script *script)
{
    then_list(script, DATE, "{\"size\":0,\"total\":0,\"groups\":[]}");
}

static const struct rig_result *create_of(struct script *script, struct text message)
{
    const struct rig_upstream upstream = {
        .responses = script->responses, .response_count = script->count, .ends_stream = true};
    const struct schema_method *method = rig_method(script->rig, text_literal("CreateApiGroup"));
    const struct rig_result *result = rig_call(script->rig, method, message, NULL, &upstream);
    assert_int_equal(result->replies, 1);
    return result;
}

static const struct rig_result *create(struct script *script)
{
    return create_of(script, CREATE);
}

/* The requests that arrived, as "POST GET POST". */
static void assert_requests(const struct rig_result *result, const char *wanted)
{
    char seen[64] = "";
    for (size_t i = 0; i < result->request_count; i++) {
        struct text request = result->requests[i];
        const char *space = memchr(request.data, ' ', request.size);
        assert_non_null(space);
        snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s%.*s", i ? " " : "",
                 (int)(space - request.data), request.data);
    }
    assert_string_equal(seen, wanted);
}

static void assert_target(const struct rig_result *result, size_t index, const char *target)
{
    struct text request = result->requests[index];
    const char *space = memchr(request.data, ' ', request.size);
    assert_non_null(space);
    assert_memory_equal(space + 1, target, strlen(target));
    assert_int_equal(space[1 + strlen(target)], ' ');
}

/* ApiGroup {id: "7" …} */
static void assert_found(const struct rig_result *result)
{
    assert_int_equal(result->code, STATUS_OK);
    assert_memory_equal(result->response.data,
                        "\n\1"
                        "7\x12\4name",
                        9);
}

static void assert_metadata(const Google__Rpc__ErrorInfo *info, const char *key, const char *value)
{
    for (size_t i = 0; i < info->n_metadata; i++) {
        if (strcmp(info->metadata[i]->key, key) != 0)
            continue;
        assert_non_null(value);
        assert_string_equal(info->metadata[i]->value, value);
        return;
    }
    if (value)
        fail_msg("no metadata %s", key);
}

/* `lookup`, `outcome` and `name` are ErrorInfo's metadata; NULL when they are not to be there. */
static void assert_details(const struct rig_result *result, const char *reason, const char *lookup,
                           const char *outcome)
{
    struct text details = rig_trailer(result, "grpc-status-details-bin");
    Google__Rpc__Status *status =
        google__rpc__status__unpack(NULL, details.size, (const uint8_t *)details.data);
    assert_non_null(status);
    assert_true(status->n_details > 0);
    Google__Rpc__ErrorInfo *info = google__rpc__error_info__unpack(
        NULL, status->details[0]->value.len, status->details[0]->value.data);
    assert_non_null(info);
    assert_string_equal(info->reason, reason);
    assert_metadata(info, "lookup", lookup);
    assert_metadata(info, "outcome", outcome);
    assert_metadata(info, "name", "name");
    google__rpc__error_info__free_unpacked(info, NULL);
    google__rpc__status__free_unpacked(status, NULL);
}

static void assert_failed(const struct rig_result *result, enum status_code code,
                          const char *reason, const char *lookup, const char *pushback)
{
    assert_int_equal(result->code, code);
    assert_details(result, reason, lookup, code == STATUS_INTERNAL ? "unknown" : NULL);
    if (pushback)
        assert_true(text_equal(rig_trailer(result, "grpc-retry-pushback-ms"), text_of(pushback)));
}

/* After those requests. */
static void assert_unknown(const struct rig_result *result, const char *requests,
                           const char *lookup)
{
    assert_requests(result, requests);
    assert_failed(result, STATUS_UNKNOWN, "OUTCOME_UNKNOWN", lookup, "-1");
}

static void assert_stays_unknown(const struct rig_result *result)
{
    assert_unknown(result, "POST GET", "FAILED");
    assert_true(text_equal(rig_trailer(result, "x-apig-attempts"), text_literal("1")));
}

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

/* The vendor itself does not know what became of it, so nothing listed proves nothing, and the
 * fault is for whoever can mend it. */
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

int main(void)
{
#define guarantee(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        guarantee(look_ups_are_off_by_default),
        guarantee(a_create_that_happened_returns_its_group),
        guarantee(a_response_that_belongs_to_another_create_is_not_believed),
        guarantee(a_create_whose_response_was_anothers_is_not_sent_again),
        guarantee(every_unknown_outcome_is_looked_up),
        guarantee(a_system_error_stays_one_when_nothing_is_listed),
        guarantee(a_look_up_resolves_the_outcome_of_a_system_error),
        guarantee(a_known_outcome_is_not_looked_up),
        guarantee(a_group_from_before_the_call_already_exists),
        guarantee(a_create_that_did_not_happen_is_sent_again),
        guarantee(the_response_to_the_second_attempt_counts),
        guarantee(a_second_attempt_that_is_lost_is_looked_up_as_well),
        guarantee(a_first_attempt_that_happens_late_is_not_taken_for_somebody_elses),
        guarantee(when_no_attempt_is_left_the_caller_may_try_again),
        guarantee(a_look_up_that_fails_leaves_the_outcome_unknown),
        guarantee(a_look_up_that_fails_for_now_is_repeated),
        guarantee(a_look_up_is_not_repeated_for_ever),
        guarantee(where_it_may_still_happen_nothing_listed_proves_nothing),
        guarantee(a_group_after_a_second_attempt_stays_unknown_when_the_look_up_fails),
        guarantee(a_response_that_fills_the_memory_is_looked_up_as_well),
        guarantee(an_outcome_that_the_list_leaves_open_stays_unknown),
        guarantee(a_time_that_cannot_be_read_stays_unknown),
        guarantee(times_are_compared_by_the_upstreams_clock),
        guarantee(without_a_date_clocks_may_be_seconds_apart),
        guarantee(a_name_travels_percent_encoded),
        guarantee(a_list_is_not_recovered),
    };
#undef guarantee
    return cmocka_run_group_tests(tests, NULL, NULL);
}
