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

#include "credential/source_oidc.h"
#include "credential/source_user.h"
#include "source_trial.h"

#include "base/banned.h"

#define TOKEN "MIItoken-0123456789"
#define PROJECT "0123456789abcdef0123456789abcdef"
#define TOKEN_BODY                                                                                 \
    "{\"token\":{\"expires_at\":\"2026-01-04T09:05:22.701000Z\",\"project\":{\"id\":\"" PROJECT    \
    "\",\"name\":\"cn-north-4\"}}}"
#define KEY_BODY                                                                                   \
    "{\"credentials\":{\"access_key_id\":\"HSTAKEY\",\"secret_access_key\":\"a-secret\","          \
    "\"security_token\":\"a-security-token\",\"expiration\":\"2026-01-04T09:05:22Z\"}}"

struct mounted {
    char folder[64], token_file[96];
    struct source_trial trial;
};

static const struct iam_place place = {"https://iam.example", "https://sts.example:8443", NULL,
                                       "cn-north-4", 0};

static int remove_one(const char *path, const struct stat *file, int type, struct FTW *walk)
{
    (void)file, (void)type, (void)walk;
    return remove(path);
}

static void write_part(const struct mounted *mounted, const char *name, const char *content)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", mounted->folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, strlen(content), file), strlen(content));
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    struct mounted *mounted = calloc(1, sizeof *mounted);
    snprintf(mounted->folder, sizeof mounted->folder, "/tmp/source-iam-XXXXXX");
    assert_non_null(mkdtemp(mounted->folder));
    snprintf(mounted->token_file, sizeof mounted->token_file, "%s/id-token", mounted->folder);
    write_part(mounted, "name", "apig\n");
    write_part(mounted, "password", "p\"\\ss w\xC3\xB6rd\n");
    write_part(mounted, "domain", "shop");
    write_part(mounted, "id-token", "header.payload.signature\n");
    *state = mounted;
    return 0;
}

static int clean_up(void **state)
{
    struct mounted *mounted = *state;
    source_end(&mounted->trial);
    nftw(mounted->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(mounted);
    return 0;
}

static struct source_trial *begin_user(struct mounted *mounted, const struct iam_place *iam)
{
    source_begin(&mounted->trial, source_user_open(mounted->folder, iam));
    return &mounted->trial;
}

static struct source_trial *begin_oidc(struct mounted *mounted, const char *provider,
                                       const char *agency, const struct iam_place *iam)
{
    const struct oidc_identity identity = {mounted->token_file, provider, agency};
    source_begin(&mounted->trial, source_oidc_open(&identity, iam));
    return &mounted->trial;
}

static void assert_sent(const struct source_trial *trial, enum source_host host, const char *target,
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

#define USER_BODY(scope)                                                                           \
    "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":"        \
    "\"apig\",\"password\":\"p\\\"\\\\ss w\\u00f6rd\",\"domain\":{\"name\":\"shop\"}}}},"          \
    "\"scope\":{\"project\":{" scope "}}}}"

static void a_user_gets_a_token_of_the_regions_project(void **state)
{
    struct source_trial *trial = begin_user(*state, &place);
    assert_sent(trial, SOURCE_IAM, "/v3/auth/tokens?nocatalog=true",
                USER_BODY("\"name\":\"cn-north-4\""));
    source_answer(trial, 201, TOKEN_BODY, TOKEN);
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
    assert_sent(begin_user(*state, &given), SOURCE_IAM, "/v3/auth/tokens?nocatalog=true",
                USER_BODY("\"id\":\"p1\""));
}

static void a_wrong_password_differs_from_other_refusals(void **state)
{
    struct source_trial *trial = begin_user(*state, &place);
    source_answer(trial, 401,
                  "{\"error\":{\"code\":401,\"message\":\"The username or password is "
                  "wrong.\",\"title\":\"Unauthorized\"}}",
                  "");
    assert_failed(trial, SOURCE_COUNTS_TOWARDS_LOCK, "The username or password is wrong.");
    source_begin_again(trial);
    source_answer(trial, 403,
                  "{\"error\":{\"code\":403,\"message\":\"no\",\"title\":\"Forbidden\"}}", "");
    assert_failed(trial, SOURCE_REFUSED, "HTTP 403");
    source_begin_again(trial);
    source_answer(trial, 503, "", "");
    assert_failed(trial, SOURCE_PASSING, "HTTP 503");
    source_begin_again(trial);
    source_answer(trial, 201, TOKEN_BODY, "");
    assert_failed(trial, SOURCE_PASSING, "X-Subject-Token");
}

static void the_files_of_a_user_are_checked_before_anything_is_sent(void **state)
{
    struct mounted *mounted = *state;
    write_part(mounted, "password", "");
    struct source_trial *trial = begin_user(mounted, &place);
    assert_failed(trial, SOURCE_PASSING, "password is empty");
    write_part(mounted, "password", "two\nlines");
    source_begin_again(trial);
    assert_failed(trial, SOURCE_PASSING, "not one line of UTF-8");
    assert_non_null(strstr(trial->fetch.status.message, mounted->folder));
    assert_null(strstr(trial->fetch.status.message, "lines"));
}

static void an_id_token_is_exchanged_for_a_token_by_iam(void **state)
{
    struct source_trial *trial = begin_oidc(*state, "cluster", NULL, &place);
    assert_sent(trial, SOURCE_IAM, "/v3.0/OS-AUTH/id-token/tokens",
                "{\"auth\":{\"id_token\":{\"id\":\"header.payload.signature\"},\"scope\":{"
                "\"project\":{\"name\":\"cn-north-4\"}}}}");
    assert_text(field_of(trial, "X-Idp-Id"), "cluster");
    source_answer(trial, 201, TOKEN_BODY, TOKEN);
    assert_int_equal(trial->next, SOURCE_ISSUED);
    assert_text(trial->fetch.issued.token, TOKEN);
    source_begin_again(trial);
    source_answer(trial, 404,
                  "{\"error_code\":\"IAM.0004\",\"error_msg\":\"Could not find the provider\"}",
                  "");
    assert_failed(trial, SOURCE_REFUSED, "IAM.0004");
}

#define PROVIDER_URN "iam::shop:oidc-provider:cluster"
#define AGENCY_URN "iam::shop:agency:apig"

static void an_id_token_is_exchanged_for_a_key_by_sts(void **state)
{
    struct source_trial *trial = begin_oidc(*state, PROVIDER_URN, AGENCY_URN, &place);
    assert_sent(trial, SOURCE_STS, "/v5/agencies/assume-with-oidc",
                "{\"provider_urn\":\"" PROVIDER_URN "\",\"agency_urn\":\"" AGENCY_URN
                "\",\"agency_session_name\":\"apig-sidecar\",\"id_token\":"
                "\"header.payload.signature\",\"duration_seconds\":3600}");
    source_answer(trial, 200, KEY_BODY, "");
    assert_int_equal(trial->next, SOURCE_ISSUED);
    assert_int_equal(trial->fetch.issued.kind, ISSUED_KEY);
    assert_text(trial->fetch.issued.access, "HSTAKEY");
    assert_int_equal(trial->fetch.issued.project.size, 0);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
