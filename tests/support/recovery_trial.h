/* SPDX-License-Identifier: MIT */
/* Creates through the pipeline's rig with --recover-lost-creates: the upstream's responses one by
 * one, and checks of the requests and the status. Include cmocka.h first. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "rig.h"

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

static inline int set_up(void **state)
{
    struct script *script = calloc(1, sizeof *script);
    assert_non_null(script);
    script->rig = rig_new("a-token");
    rig_recover_lost_creates(script->rig, true);
    *state = script;
    return 0;
}

static inline int tear_down(void **state)
{
    struct script *script = *state;
    rig_free(script->rig);
    free(script);
    return 0;
}

/* The next response of the upstream; LOST loses the connection. */
static inline void then(struct script *script, const char *response)
{
    assert_true(script->count < RESPONSES && strlen(response) < RESPONSE_BYTES);
    strcpy(script->bytes[script->count], response);
    script->responses[script->count] =
        (struct rig_response){.bytes = text_of(script->bytes[script->count])};
    script->count++;
}

static inline void then_list(struct script *script, const char *fields, const char *body)
{
    char response[RESPONSE_BYTES];
    snprintf(response, sizeof response, "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n%s",
             fields, strlen(body), body);
    then(script, response);
}

static inline void then_list_of_one(struct script *script, const char *fields,
                                    const char *register_time)
{
    char body[512];
    snprintf(body, sizeof body,
             "{\"size\":1,\"total\":1,\"groups\":[{\"id\":\"7\",\"name\":\"name\","
             "\"register_time\":\"%s\"}]}",
             register_time);
    then_list(script, fields, body);
}

static inline void then_list_of_none(struct script *script)
{
    then_list(script, DATE, "{\"size\":0,\"total\":0,\"groups\":[]}");
}

static inline const struct rig_result *create_of(struct script *script, struct text message)
{
    const struct rig_upstream upstream = {
        .responses = script->responses, .response_count = script->count, .ends_stream = true};
    const struct schema_method *method = rig_method(script->rig, text_literal("CreateApiGroup"));
    const struct rig_result *result = rig_call(script->rig, method, message, NULL, &upstream);
    assert_int_equal(result->replies, 1);
    return result;
}

static inline const struct rig_result *create(struct script *script)
{
    return create_of(script, CREATE);
}

/* The requests that arrived, as "POST GET POST". */
static inline void assert_requests(const struct rig_result *result, const char *wanted)
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

static inline void assert_target(const struct rig_result *result, size_t index, const char *target)
{
    struct text request = result->requests[index];
    const char *space = memchr(request.data, ' ', request.size);
    assert_non_null(space);
    assert_memory_equal(space + 1, target, strlen(target));
    assert_int_equal(space[1 + strlen(target)], ' ');
}

/* ApiGroup {id: "7" …} */
static inline void assert_found(const struct rig_result *result)
{
    assert_int_equal(result->code, STATUS_OK);
    assert_memory_equal(result->response.data,
                        "\n\1"
                        "7\x12\4name",
                        9);
}

static inline void assert_metadata(const Google__Rpc__ErrorInfo *info, const char *key,
                                   const char *value)
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
static inline void assert_details(const struct rig_result *result, const char *reason,
                                  const char *lookup, const char *outcome)
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

static inline void assert_failed(const struct rig_result *result, enum status_code code,
                                 const char *reason, const char *lookup, const char *pushback)
{
    assert_int_equal(result->code, code);
    assert_details(result, reason, lookup, code == STATUS_INTERNAL ? "unknown" : NULL);
    if (pushback)
        assert_true(text_equal(rig_trailer(result, "grpc-retry-pushback-ms"), text_of(pushback)));
}

/* After those requests. */
static inline void assert_unknown(const struct rig_result *result, const char *requests,
                                  const char *lookup)
{
    assert_requests(result, requests);
    assert_failed(result, STATUS_UNKNOWN, "OUTCOME_UNKNOWN", lookup, "-1");
}

static inline void assert_stays_unknown(const struct rig_result *result)
{
    assert_unknown(result, "POST GET", "FAILED");
    assert_true(text_equal(rig_trailer(result, "x-apig-attempts"), text_literal("1")));
}
