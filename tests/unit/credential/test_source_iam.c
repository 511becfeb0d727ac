/* SPDX-License-Identifier: MIT */
/* Do the sources that ask IAM and STS send what these document, and take what they issue? */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "credential/source_oidc.h"
#include "credential/source_user.h"

#include "base/banned.h"

#define TOKEN "MIItoken-0123456789"
#define PROJECT "0123456789abcdef0123456789abcdef"
#define TOKEN_BODY                                                                                 \
    "{\"token\":{\"expires_at\":\"2026-01-04T09:05:22.701000Z\",\"project\":{\"id\":\"" PROJECT    \
    "\",\"name\":\"cn-north-4\"}}}"
#define KEY_BODY                                                                                   \
    "{\"credentials\":{\"access_key_id\":\"HSTAKEY\",\"secret_access_key\":\"a-secret\","          \
    "\"security_token\":\"a-security-token\",\"expiration\":\"2026-01-04T09:05:22Z\"}}"

struct trial {
    char folder[64], token_file[96];
    struct arena arena;
    struct source *source;
    struct source_fetch fetch;
    enum source_next next;
};

static const struct iam_place place = {"https://iam.example", "https://sts.example:8443", NULL,
                                       "cn-north-4"};

static int remove_one(const char *path, const struct stat *file, int type, struct FTW *walk)
{
    (void)file, (void)type, (void)walk;
    return remove(path);
}

static void write_part(const struct trial *trial, const char *name, const char *content)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", trial->folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, strlen(content), file), strlen(content));
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    snprintf(trial->folder, sizeof trial->folder, "/tmp/source-iam-XXXXXX");
    assert_non_null(mkdtemp(trial->folder));
    snprintf(trial->token_file, sizeof trial->token_file, "%s/id-token", trial->folder);
    write_part(trial, "name", "apig\n");
    write_part(trial, "password", "p\"\\ss w\xC3\xB6rd\n");
    write_part(trial, "domain", "shop");
    write_part(trial, "id-token", "header.payload.signature\n");
    *state = trial;
    return 0;
}

static void end_fetch(struct trial *trial)
{
    source_end_hiding(&trial->fetch);
    arena_clear(&trial->arena);
}

static int clean_up(void **state)
{
    struct trial *trial = *state;
    end_fetch(trial);
    source_free(trial->source);
    nftw(trial->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(trial);
    return 0;
}

static void begin(struct trial *trial)
{
    end_fetch(trial);
    arena_init(&trial->arena, 1U << 20);
    trial->fetch = (struct source_fetch){.arena = &trial->arena,
                                         .now_ns = INT64_C(1767323045) * CLOCK_NS_PER_S};
    trial->next = trial->source->kind->begin(trial->source, &trial->fetch);
}

static void begin_user(struct trial *trial, const struct iam_place *iam)
{
    trial->source = source_user_open(trial->folder, iam);
    begin(trial);
}

static void begin_oidc(struct trial *trial, const char *provider, const char *agency,
                       const struct iam_place *iam)
{
    const struct oidc_identity identity = {trial->token_file, provider, agency};
    trial->source = source_oidc_open(&identity, iam);
    begin(trial);
}

static void answer(struct trial *trial, unsigned status, const char *body, const char *token)
{
    const struct http_field field = {.name = text_literal("X-Subject-Token"),
                                     .value = text_of(token ? token : "")};
    const struct http_response response = {
        .status = status, .fields = &field, .field_count = token ? 1 : 0, .body = text_of(body)};
    trial->next = trial->source->kind->answered(trial->source, &trial->fetch, &response);
}

static struct text sent_field(const struct trial *trial, const char *name)
{
    const struct http_request *request = &trial->fetch.request;
    for (size_t i = 0; i < request->field_count; i++)
        if (text_equal(request->fields[i].name, text_of(name)))
            return request->fields[i].value;
    return text_literal("");
}

static void assert_text(struct text text, const char *expected)
{
    if (!text_equal(text, text_of(expected)))
        fail_msg("%.*s instead of %s", text_arguments(text), expected);
}

static void assert_sent(const struct trial *trial, enum source_host host, const char *target,
                        const char *json)
{
    const struct http_request *request = &trial->fetch.request;
    if (trial->next != SOURCE_SEND)
        fail_msg("%s", trial->fetch.status.message);
    assert_int_equal(trial->fetch.host, host);
    assert_text(request->target, target);
    json_t *sent = json_loadb(request->body.data, request->body.size, 0, NULL),
           *expected = json_loads(json, 0, NULL);
    if (!json_equal(sent, expected))
        fail_msg("%.*s", text_arguments(request->body));
    json_decref(sent);
    json_decref(expected);
}

static void assert_failed(const struct trial *trial, enum source_fault fault, const char *reason)
{
    assert_int_equal(trial->next, SOURCE_FAILED);
    assert_int_equal(trial->fetch.fault, fault);
    assert_int_equal(trial->fetch.status.code, STATUS_UNAVAILABLE);
    if (!strstr(trial->fetch.status.message, reason))
        fail_msg("%s", trial->fetch.status.message);
}

#define USER_BODY(scope)                                                                           \
    "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":"        \
    "\"apig\",\"password\":\"p\\\"\\\\ss w\\u00f6rd\",\"domain\":{\"name\":\"shop\"}}}},"          \
    "\"scope\":{\"project\":{" scope "}}}}"

static void a_user_gets_a_token_of_the_regions_project(void **state)
{
    struct trial *trial = *state;
    begin_user(trial, &place);
    assert_sent(trial, SOURCE_IAM, "/v3/auth/tokens?nocatalog=true",
                USER_BODY("\"name\":\"cn-north-4\""));
    answer(trial, 201, TOKEN_BODY, TOKEN);
    assert_int_equal(trial->next, SOURCE_ISSUED);
    assert_int_equal(trial->fetch.issued.kind, ISSUED_TOKEN);
    assert_text(trial->fetch.issued.token, TOKEN);
    assert_text(trial->fetch.issued.project, PROJECT);
    assert_int_equal(trial->fetch.issued.expires_ns / CLOCK_NS_PER_S, 1767517522);
}

static void a_project_that_is_given_is_the_scope(void **state)
{
    struct iam_place given = place;
    given.project_id = "p1";
    begin_user(*state, &given);
    assert_sent(*state, SOURCE_IAM, "/v3/auth/tokens?nocatalog=true", USER_BODY("\"id\":\"p1\""));
}

static void a_wrong_password_differs_from_other_refusals(void **state)
{
    struct trial *trial = *state;
    begin_user(trial, &place);
    answer(trial, 401,
           "{\"error\":{\"code\":401,\"message\":\"The username or password is "
           "wrong.\",\"title\":\"Unauthorized\"}}",
           NULL);
    assert_failed(trial, SOURCE_WRONG_PASSWORD, "The username or password is wrong.");
    begin(trial);
    answer(trial, 403, "{\"error\":{\"code\":403,\"message\":\"no\",\"title\":\"Forbidden\"}}",
           NULL);
    assert_failed(trial, SOURCE_REFUSED, "HTTP 403");
    begin(trial);
    answer(trial, 503, "", NULL);
    assert_failed(trial, SOURCE_PASSING, "HTTP 503");
    begin(trial);
    answer(trial, 201, TOKEN_BODY, NULL);
    assert_failed(trial, SOURCE_PASSING, "X-Subject-Token");
}

static void the_files_of_a_user_are_checked_before_anything_is_sent(void **state)
{
    struct trial *trial = *state;
    write_part(trial, "password", "");
    begin_user(trial, &place);
    assert_failed(trial, SOURCE_PASSING, "password is empty");
    write_part(trial, "password", "two\nlines");
    begin(trial);
    assert_failed(trial, SOURCE_PASSING, "not one line of UTF-8");
    assert_non_null(strstr(trial->fetch.status.message, trial->folder));
    assert_null(strstr(trial->fetch.status.message, "lines"));
}

static void an_id_token_is_exchanged_for_a_token_by_iam(void **state)
{
    struct trial *trial = *state;
    begin_oidc(trial, "cluster", NULL, &place);
    assert_sent(trial, SOURCE_IAM, "/v3.0/OS-AUTH/id-token/tokens",
                "{\"auth\":{\"id_token\":{\"id\":\"header.payload.signature\"},\"scope\":{"
                "\"project\":{\"name\":\"cn-north-4\"}}}}");
    assert_text(sent_field(trial, "X-Idp-Id"), "cluster");
    answer(trial, 201, TOKEN_BODY, TOKEN);
    assert_int_equal(trial->next, SOURCE_ISSUED);
    assert_text(trial->fetch.issued.token, TOKEN);
    begin(trial);
    answer(trial, 404,
           "{\"error_code\":\"IAM.0004\",\"error_msg\":\"Could not find the provider\"}", NULL);
    assert_failed(trial, SOURCE_REFUSED, "IAM.0004");
}

#define PROVIDER_URN "iam::shop:oidc-provider:cluster"
#define AGENCY_URN "iam::shop:agency:apig"

static void an_id_token_is_exchanged_for_a_key_by_sts(void **state)
{
    struct trial *trial = *state;
    begin_oidc(trial, PROVIDER_URN, AGENCY_URN, &place);
    assert_sent(trial, SOURCE_STS, "/v5/agencies/assume-with-oidc",
                "{\"provider_urn\":\"" PROVIDER_URN "\",\"agency_urn\":\"" AGENCY_URN
                "\",\"agency_session_name\":\"apig-sidecar\",\"id_token\":"
                "\"header.payload.signature\"}");
    answer(trial, 200, KEY_BODY, NULL);
    assert_int_equal(trial->next, SOURCE_SEND);
    assert_int_equal(trial->fetch.host, SOURCE_IAM);
    assert_text(trial->fetch.request.method, "GET");
    assert_text(trial->fetch.request.target, "/v3/projects?name=cn-north-4");
    assert_text(sent_field(trial, "X-Security-Token"), "a-security-token");
    assert_text(sent_field(trial, "X-Sdk-Date"), "20260102T030405Z");
    answer(trial, 200, "{\"projects\":[{\"id\":\"" PROJECT "\",\"name\":\"cn-north-4\"}]}", NULL);
    assert_int_equal(trial->next, SOURCE_ISSUED);
    assert_int_equal(trial->fetch.issued.kind, ISSUED_KEY);
    assert_text(trial->fetch.issued.access, "HSTAKEY");
    assert_text(trial->fetch.issued.project, PROJECT);
}

static void a_key_needs_no_look_up_for_a_project_that_is_given(void **state)
{
    struct iam_place given = {NULL, place.sts_url, "p1", NULL};
    begin_oidc(*state, PROVIDER_URN, AGENCY_URN, &given);
    answer(*state, 200, KEY_BODY, NULL);
    assert_int_equal(((struct trial *)*state)->next, SOURCE_ISSUED);
}

static void no_project_or_several_are_a_matter_of_our_configuration(void **state)
{
    struct trial *trial = *state;
    begin_oidc(trial, PROVIDER_URN, AGENCY_URN, &place);
    answer(trial, 200, KEY_BODY, NULL);
    answer(trial, 200, "{\"projects\":[]}", NULL);
    assert_failed(trial, SOURCE_REFUSED, "lists 0 projects");
    begin(trial);
    answer(trial, 200, KEY_BODY, NULL);
    answer(trial, 200, "{\"projects\":[{\"id\":\"a\"},{\"id\":\"b\"}]}", NULL);
    assert_failed(trial, SOURCE_REFUSED, "give --project-id");
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, clean_up)
    const struct CMUnitTest tests[] = {
        ROW(a_user_gets_a_token_of_the_regions_project),
        ROW(a_project_that_is_given_is_the_scope),
        ROW(a_wrong_password_differs_from_other_refusals),
        ROW(the_files_of_a_user_are_checked_before_anything_is_sent),
        ROW(an_id_token_is_exchanged_for_a_token_by_iam),
        ROW(an_id_token_is_exchanged_for_a_key_by_sts),
        ROW(a_key_needs_no_look_up_for_a_project_that_is_given),
        ROW(no_project_or_several_are_a_matter_of_our_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
