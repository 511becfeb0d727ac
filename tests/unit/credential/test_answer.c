/* SPDX-License-Identifier: MIT */
/* Is a credential read from each service's response, and is nothing else taken for one? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "credential/answer.h"

#include "base/banned.h"

#define MEMORY (64U << 10)

struct trial {
    struct arena arena;
    struct issued issued;
    struct status status;
    struct http_field field;
    struct http_response response;
};

static void begin(struct trial *trial, const char *body, const char *token)
{
    memset(trial, 0, sizeof *trial);
    arena_init(&trial->arena, MEMORY);
    trial->field =
        (struct http_field){.name = text_literal("X-Subject-Token"), .value = text_of(token)};
    trial->response = (struct http_response){
        .status = 200, .fields = &trial->field, .field_count = 1, .body = text_of(body)};
}

static void assert_key(const char *body)
{
    struct trial trial;
    begin(&trial, body, "");
    assert_true(answer_read_key(&trial.response, &trial.arena, &trial.issued, &trial.status));
    assert_int_equal(trial.issued.kind, ISSUED_KEY);
    assert_true(text_equal(trial.issued.access, text_literal("AK1")));
    assert_true(text_equal(trial.issued.secret, text_literal("SK1")));
    assert_true(text_equal(trial.issued.security, text_literal("ST1")));
    assert_int_equal(trial.issued.expires_ns / CLOCK_NS_PER_S, 1578455407);
    arena_clear(&trial.arena);
}

static void every_spelling_of_a_key_is_read(void **state)
{
    (void)state;
    assert_key("{\"credential\":{\"access\":\"AK1\",\"secret\":\"SK1\",\"securitytoken\":\"ST1\","
               "\"expires_at\":\"2020-01-08T03:50:07.574000Z\"}}");
    assert_key("{\"credentials\":{\"access_key_id\":\"AK1\",\"secret_access_key\":\"SK1\","
               "\"security_token\":\"ST1\",\"expiration\":\"2020-01-08T03:50:07Z\"},\"x\":[1]}");
    assert_key("{\"credentials\":{\"accessKeyId\":\"AK1\",\"secretAccessKey\":\"SK1\","
               "\"securityToken\":\"ST1\",\"expiration\":\"2020-01-08T11:50:07+08:00\"},"
               "\"audience\":\"service.cce.pods\"}");
}

static void a_token_is_read_with_its_end_and_its_project(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial,
          "{\"token\":{\"expires_at\":\"2020-01-08T03:50:07.574000Z\",\"project\":{\"id\":\"p1\","
          "\"name\":\"cn-north-4\"},\"roles\":[{\"id\":\"0\"}]}}",
          "MIIE");
    assert_true(answer_read_token(&trial.response, &trial.arena, &trial.issued, &trial.status));
    assert_true(text_equal(trial.issued.token, text_literal("MIIE")));
    assert_true(text_equal(trial.issued.project, text_literal("p1")));
    assert_int_equal(trial.issued.expires_ns % CLOCK_NS_PER_S, 574000000);
    arena_clear(&trial.arena);
}

static void a_response_without_a_whole_key_is_refused_without_its_content(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"credential\":\"SECRET\"}",
        "{\"credential\":{\"access\":\"SECRET\"}}",
        "{\"credential\":{\"access\":\"A\",\"secret\":\"SECRET\",\"expires_at\":\"2020-01-08T03:50:"
        "07Z\"}}",
        "{\"credential\":{\"access\":\"A\",\"secret\":\"SECRET\",\"securitytoken\":\"T\"}}",
        "{\"credential\":{\"access\":\"A\",\"secret\":\"SECRET\",\"securitytoken\":\"T\","
        "\"expires_at\":\"\"}}",
        "{\"credential\":{\"access\":\"A\",\"secret\":\"SECRET\",\"securitytoken\":\"T\","
        "\"expires_at\":\"SECRET\"}}",
        "{\"credential\":{\"access\":\"A\",\"secret\":\"SEC\\r\\nRET\",\"securitytoken\":\"T\","
        "\"expires_at\":\"2020-01-08T03:50:07Z\"}}",
        "{\"credential\":{\"access\":\"A\",\"secret\":7,\"securitytoken\":\"T\","
        "\"expires_at\":\"2020-01-08T03:50:07Z\"}}",
        "{\"credential\":{\"access\":\"A\",\"secret\":\"SECRET\",\"securitytoken\":\"T\","
        "\"expires_at\":\"2020-01-08T03:50:07Z\"},\"credentials\":{\"accessKeyId\":\"B\"}}",
    };
    for (size_t i = 0; i < array_length(bodies); i++) {
        struct trial trial;
        begin(&trial, bodies[i], "");
        assert_false(answer_read_key(&trial.response, &trial.arena, &trial.issued, &trial.status));
        assert_int_equal(trial.status.code, STATUS_UNAVAILABLE);
        assert_null(strstr(trial.status.message, "SEC"));
        assert_null(trial.issued.secret.data);
        arena_clear(&trial.arena);
    }
}

static void a_response_without_a_token_is_refused(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "{\"token\":{\"expires_at\":\"2020-01-08T03:50:07Z\"}}", "");
    assert_false(answer_read_token(&trial.response, &trial.arena, &trial.issued, &trial.status));
    assert_non_null(strstr(trial.status.message, "X-Subject-Token"));
    arena_clear(&trial.arena);
}

static void the_project_of_a_node_and_of_a_list_are_read(void **state)
{
    (void)state;
    struct trial trial;
    struct text project = {NULL, 0};
    size_t count;
    begin(&trial, "{\"uuid\":\"u\",\"project_id\":\"p1\",\"region_id\":\"cn-north-4\"}", "");
    assert_true(answer_read_node(&trial.response, &trial.arena, &project, &trial.status));
    assert_true(text_equal(project, text_literal("p1")));
    trial.response.body =
        text_literal("{\"projects\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"links\":{}}");
    assert_true(
        answer_read_projects(&trial.response, &trial.arena, &count, &project, &trial.status));
    assert_int_equal(count, 2);
    assert_true(text_equal(project, text_literal("a")));
    trial.response.body = text_literal("{\"projects\":[]}");
    assert_true(
        answer_read_projects(&trial.response, &trial.arena, &count, &project, &trial.status));
    assert_int_equal(count, 0);
    arena_clear(&trial.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_a_key_is_read),
        cmocka_unit_test(a_token_is_read_with_its_end_and_its_project),
        cmocka_unit_test(a_response_without_a_whole_key_is_refused_without_its_content),
        cmocka_unit_test(a_response_without_a_token_is_refused),
        cmocka_unit_test(the_project_of_a_node_and_of_a_list_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
