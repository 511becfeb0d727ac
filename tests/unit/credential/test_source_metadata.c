/* SPDX-License-Identifier: MIT */
/* Is the node's key asked for in both versions of the metadata service? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/source_metadata.h"
#include "source_trial.h"

#include "base/banned.h"

#define TOKEN_TARGET "/meta-data/latest/api/token"
#define KEY_TARGET "/openstack/latest/securitykey"
#define PROJECT_TARGET "/openstack/latest/meta_data.json"
#define KEY                                                                                        \
    "{\"credential\":{\"access\":\"AK1\",\"secret\":\"SK1\",\"securitytoken\":\"ST1\","            \
    "\"expires_at\":\"2020-01-08T03:50:07.574000Z\"}}"

static void begin(struct source_trial *trial)
{
    source_begin(trial, source_metadata_open("http://169.254.169.254"));
    assert_request(trial, SOURCE_NODE, "PUT", TOKEN_TARGET);
    assert_field(trial, "X-Metadata-Token-Ttl-Seconds", "21600");
    assert_true(trial->fetch.request.has_body);
}

static void the_second_version_wants_its_token_with_each_request(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial);
    source_answer(&trial, 200, "token-1", "");
    assert_request(&trial, SOURCE_NODE, "GET", KEY_TARGET);
    assert_field(&trial, "X-Metadata-Token", "token-1");
    source_answer(&trial, 200, KEY, "");
    assert_request(&trial, SOURCE_NODE, "GET", PROJECT_TARGET);
    assert_field(&trial, "X-Metadata-Token", "token-1");
    source_answer(&trial, 200, "{\"project_id\":\"p1\"}", "");
    assert_int_equal(trial.next, SOURCE_ISSUED);
    assert_true(text_equal(trial.fetch.issued.access, text_literal("AK1")));
    assert_true(text_equal(trial.fetch.issued.project, text_literal("p1")));
    source_end(&trial);
}

static void a_node_without_the_second_version_is_asked_in_the_first(void **state)
{
    (void)state;
    static const unsigned statuses[] = {404, 405, 503};
    for (size_t i = 0; i < array_length(statuses); i++) {
        struct source_trial trial;
        begin(&trial);
        source_answer(&trial, statuses[i], "", "");
        assert_request(&trial, SOURCE_NODE, "GET", KEY_TARGET);
        assert_field(&trial, "X-Metadata-Token", "");
        source_end(&trial);
    }
}

static void a_node_that_does_not_answer_for_a_token_is_asked_in_the_first_version(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial);
    trial.next = trial.source->kind->unanswered(trial.source, &trial.fetch);
    assert_request(&trial, SOURCE_NODE, "GET", KEY_TARGET);
    source_end(&trial);
}

static void a_key_is_good_without_a_project(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial);
    source_answer(&trial, 404, "", "");
    source_answer(&trial, 200, KEY, "");
    source_answer(&trial, 500, "", "");
    assert_int_equal(trial.next, SOURCE_ISSUED);
    assert_int_equal(trial.fetch.issued.project.size, 0);
    source_end(&trial);
}

static void the_project_of_the_node_is_kept_when_a_response_lacks_it(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *body;
    } rows[] = {{500, ""}, {200, "{}"}, {200, "{"}, {404, ""}};
    struct source_trial trial;
    begin(&trial);
    source_answer(&trial, 200, "token-1", "");
    source_answer(&trial, 200, KEY, "");
    source_answer(&trial, 200, "{\"project_id\":\"p1\"}", "");
    for (size_t i = 0; i <= array_length(rows); i++) {
        source_begin_again(&trial);
        source_answer(&trial, 200, "token-1", "");
        source_answer(&trial, 200, KEY, "");
        if (i < array_length(rows))
            source_answer(&trial, rows[i].status, rows[i].body, "");
        else
            trial.next = trial.source->kind->unanswered(trial.source, &trial.fetch);
        assert_int_equal(trial.next, SOURCE_ISSUED);
        assert_text(trial.fetch.issued.project, "p1");
    }
    source_end(&trial);
}

static void a_node_without_an_agency_is_a_fault_of_its_settings(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial);
    source_answer(&trial, 404, "", "");
    source_answer(&trial, 401, "Please configure Cloud Service Agency first", "");
    assert_failed(&trial, SOURCE_REFUSED, "agency");
    source_end(&trial);
}

static void a_failure_passes_and_names_its_status(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial);
    source_answer(&trial, 500, "", "");
    assert_failed(&trial, SOURCE_PASSING, "HTTP 500");
    source_end(&trial);
    begin(&trial);
    source_answer(&trial, 200, "not a token\r\nX: y", "");
    assert_failed(&trial, SOURCE_PASSING, "no token");
    source_end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_version_wants_its_token_with_each_request),
        cmocka_unit_test(a_node_without_the_second_version_is_asked_in_the_first),
        cmocka_unit_test(a_node_that_does_not_answer_for_a_token_is_asked_in_the_first_version),
        cmocka_unit_test(a_key_is_good_without_a_project),
        cmocka_unit_test(the_project_of_the_node_is_kept_when_a_response_lacks_it),
        cmocka_unit_test(a_node_without_an_agency_is_a_fault_of_its_settings),
        cmocka_unit_test(a_failure_passes_and_names_its_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
