/* SPDX-License-Identifier: MIT */
/* Is the project of a key looked up when nothing else says it, and only then? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/source_agency.h"
#include "credential/source_metadata.h"
#include "credential/source_project.h"
#include "source_trial.h"

#include "base/banned.h"

#define PROJECT "0123456789abcdef0123456789abcdef"
#define ONE_PROJECT "{\"projects\":[{\"id\":\"" PROJECT "\",\"name\":\"cn-north-4\"}]}"
#define NODE_KEY                                                                                   \
    "{\"credential\":{\"access\":\"AK1\",\"secret\":\"SK1\",\"securitytoken\":\"ST1\","            \
    "\"expires_at\":\"2026-01-08T03:50:07.574000Z\"}}"
#define TARGET "/v3/projects?name=cn-north-4"
#define REFUSAL "{\"error\":{\"code\":401,\"message\":\"The signature is wrong.\"}}"

static const struct iam_place place = {"https://iam.example", "https://sts.example", NULL,
                                       "cn-north-4", 0};
static const struct issued key = {.kind = ISSUED_KEY, .access = {"AK0", 3}, .secret = {"SK0", 3}},
                           token = {.kind = ISSUED_TOKEN, .token = {"MIIE", 4}},
                           placed = {.kind = ISSUED_KEY,
                                     .access = {"AK0", 3},
                                     .secret = {"SK0", 3},
                                     .project = {"p1", 2}};

static void begin(struct source_trial *trial, struct source *inner)
{
    source_begin(trial, source_project_open(inner, &place));
}

static void a_key_without_a_project_gets_that_of_the_regions_name(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_open_given(&key));
    assert_request(&trial, SOURCE_IAM, "GET", TARGET);
    assert_true(text_starts_with(field_of(&trial, "Authorization"),
                                 text_literal("SDK-HMAC-SHA256 Access=AK0,")));
    assert_field(&trial, "X-Sdk-Date", "20260102T030405Z");
    source_answer(&trial, 200, ONE_PROJECT, "");
    assert_int_equal(trial.next, SOURCE_ISSUED);
    assert_text(trial.fetch.issued.access, "AK0");
    assert_text(trial.fetch.issued.project, PROJECT);
    source_end(&trial);
}

static void a_credential_that_has_a_project_is_passed_on(void **state)
{
    (void)state;
    const struct issued *const complete[] = {&placed, &token};
    for (size_t i = 0; i < 2; i++) {
        struct source_trial trial;
        begin(&trial, source_open_given(complete[i]));
        assert_int_equal(trial.next, SOURCE_ISSUED);
        assert_text(trial.fetch.issued.project, i == 0 ? "p1" : "");
        source_end(&trial);
    }
}

static void the_look_up_follows_all_requests_of_the_other_source(void **state)
{
    (void)state;
    static const struct agency agency = {"iam::shop:agency:apig", NULL};
    struct source_trial trial;
    begin(&trial,
          source_agency_open(source_metadata_open("http://169.254.169.254"), &agency, &place));
    trial.next = trial.source->kind->unanswered(trial.source, &trial.fetch);
    source_answer(&trial, 200, NODE_KEY, "");
    source_answer(&trial, 200, "{\"project_id\":\"another\"}", "");
    assert_request(&trial, SOURCE_STS, "POST", "/v5/agencies/assume");
    source_answer(&trial, 200, NODE_KEY, "");
    assert_request(&trial, SOURCE_IAM, "GET", TARGET);
    assert_field(&trial, "X-Security-Token", "ST1");
    source_answer(&trial, 200, ONE_PROJECT, "");
    assert_text(trial.fetch.issued.project, PROJECT);
    source_end(&trial);
}

static void a_node_that_knows_no_project_is_looked_up(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_metadata_open("http://169.254.169.254"));
    assert_non_null(trial.source->urls[SOURCE_NODE]);
    source_answer(&trial, 404, "", "");
    source_answer(&trial, 200, NODE_KEY, "");
    source_answer(&trial, 404, "", "");
    assert_request(&trial, SOURCE_IAM, "GET", TARGET);
    source_end(&trial);
}

static void no_project_or_several_are_a_matter_of_our_configuration(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_open_given(&key));
    source_answer(&trial, 200, "{\"projects\":[]}", "");
    assert_failed(&trial, SOURCE_REFUSED, "lists 0 projects");
    source_begin_again(&trial);
    source_answer(&trial, 200, "{\"projects\":[{\"id\":\"a\"},{\"id\":\"b\"}]}", "");
    assert_failed(&trial, SOURCE_REFUSED, "lists 2 projects of the name cn-north-4");
    assert_failed(&trial, SOURCE_REFUSED, "give --project-id");
    source_end(&trial);
}

static void a_refused_look_up_says_what_makes_it_needless(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_open_given(&key));
    source_answer(&trial, 403, "{\"error\":{\"code\":403,\"message\":\"no permission\"}}", "");
    assert_failed(&trial, SOURCE_REFUSED, "no permission");
    assert_failed(&trial, SOURCE_REFUSED, "--project-id");
    source_end(&trial);
}

static void a_mounted_key_that_iam_refuses_is_left_alone_unless_the_time_was_wrong(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_open_given(&key));
    source_answer(&trial, 401, REFUSAL, "");
    assert_failed(&trial, SOURCE_COUNTS_TOWARDS_LOCK, "The signature is wrong.");
    source_begin_again(&trial);
    trial.fetch.had_wrong_time = true;
    source_answer(&trial, 401, REFUSAL, "");
    assert_failed(&trial, SOURCE_PASSING, "HTTP 401");
    source_end(&trial);
}

static void a_project_that_was_found_is_kept_while_iam_is_down(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_open_given(&key));
    assert_int_equal(trial.source->kind->unanswered(trial.source, &trial.fetch), SOURCE_FAILED);
    source_begin_again(&trial);
    source_answer(&trial, 200, "<html>", "");
    assert_failed(&trial, SOURCE_PASSING, "not readable JSON");
    source_begin_again(&trial);
    source_answer(&trial, 200, ONE_PROJECT, "");
    source_begin_again(&trial);
    source_answer(&trial, 503, "", "");
    assert_int_equal(trial.next, SOURCE_ISSUED);
    assert_text(trial.fetch.issued.project, PROJECT);
    source_begin_again(&trial);
    assert_int_equal(trial.source->kind->unanswered(trial.source, &trial.fetch), SOURCE_ISSUED);
    assert_text(trial.fetch.issued.project, PROJECT);
    source_begin_again(&trial);
    source_answer(&trial, 200, "<html>", "");
    assert_int_equal(trial.next, SOURCE_ISSUED);
    assert_text(trial.fetch.issued.project, PROJECT);
    source_begin_again(&trial);
    source_answer(&trial, 401, REFUSAL, "");
    assert_failed(&trial, SOURCE_COUNTS_TOWARDS_LOCK, "HTTP 401");
    source_end(&trial);
}

static void the_project_of_a_mounted_key_is_not_that_of_another_one(void **state)
{
    (void)state;
    struct source_trial trial;
    struct source *given = source_open_given(&key);
    begin(&trial, given);
    source_answer(&trial, 200, ONE_PROJECT, "");
    ((struct source_given *)given)->issued.access = text_literal("AK9");
    source_begin_again(&trial);
    assert_int_equal(trial.source->kind->unanswered(trial.source, &trial.fetch), SOURCE_FAILED);
    source_begin_again(&trial);
    source_answer(&trial, 503, "", "");
    assert_failed(&trial, SOURCE_PASSING, "HTTP 503");
    source_end(&trial);
}

static void the_project_of_an_agency_is_kept_for_each_of_its_keys(void **state)
{
    (void)state;
    struct source_trial trial;
    struct issued temporary = key;
    temporary.expires_ns = INT64_MAX;
    struct source *given = source_open_given(&temporary);
    begin(&trial, given);
    source_answer(&trial, 200, ONE_PROJECT, "");
    ((struct source_given *)given)->issued.access = text_literal("AK9");
    source_begin_again(&trial);
    source_answer(&trial, 503, "", "");
    assert_int_equal(trial.next, SOURCE_ISSUED);
    assert_text(trial.fetch.issued.project, PROJECT);
    source_end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_without_a_project_gets_that_of_the_regions_name),
        cmocka_unit_test(a_credential_that_has_a_project_is_passed_on),
        cmocka_unit_test(the_look_up_follows_all_requests_of_the_other_source),
        cmocka_unit_test(a_node_that_knows_no_project_is_looked_up),
        cmocka_unit_test(no_project_or_several_are_a_matter_of_our_configuration),
        cmocka_unit_test(a_refused_look_up_says_what_makes_it_needless),
        cmocka_unit_test(a_mounted_key_that_iam_refuses_is_left_alone_unless_the_time_was_wrong),
        cmocka_unit_test(a_project_that_was_found_is_kept_while_iam_is_down),
        cmocka_unit_test(the_project_of_a_mounted_key_is_not_that_of_another_one),
        cmocka_unit_test(the_project_of_an_agency_is_kept_for_each_of_its_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
