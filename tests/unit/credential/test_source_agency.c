/* SPDX-License-Identifier: MIT */
/* Is an agency assumed with the credential of any other source? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "credential/source_agency.h"
#include "credential/source_metadata.h"
#include "source_trial.h"

#include "base/banned.h"

#define URN "iam::shop:agency:apig"
#define KEY_OF(access)                                                                             \
    "{\"credential\":{\"access\":\"" access "\",\"secret\":\"SK1\",\"securitytoken\":\"ST1\","     \
    "\"expires_at\":\"2020-01-08T03:50:07.574000Z\"}}"

static const struct iam_place place = {"https://iam.example", "https://sts.example", "p1", NULL, 0};

static const struct issued key = {.kind = ISSUED_KEY, .access = {"AK0", 3}, .secret = {"SK0", 3}},
                           token = {.kind = ISSUED_TOKEN, .token = {"MIIE", 4}};

static void begin(struct source_trial *trial, struct source *inner, const char *name,
                  const char *domain)
{
    const struct agency agency = {name, domain};
    source_begin(trial, source_agency_open(inner, &agency, &place));
}

static void a_name_is_assumed_at_iam_with_a_signature(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_open_given(&key), "apig", "shop");
    assert_request(&trial, SOURCE_IAM, "POST", "/v3.0/OS-CREDENTIAL/securitytokens");
    assert_true(text_equal(
        trial.fetch.request.body,
        text_literal("{\"auth\":{\"identity\":{\"methods\":[\"assume_role\"],\"assume_role\":{"
                     "\"agency_name\":\"apig\",\"domain_name\":\"shop\","
                     "\"duration_seconds\":21600}}}}")));
    assert_true(text_starts_with(field_of(&trial, "Authorization"),
                                 text_literal("SDK-HMAC-SHA256 Access=AK0,")));
    source_answer(&trial, 201, KEY_OF("AK1"), "");
    assert_int_equal(trial.next, SOURCE_ISSUED);
    assert_true(text_equal(trial.fetch.issued.access, text_literal("AK1")));
    source_end(&trial);
}

static void an_account_of_32_characters_is_an_id(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_open_given(&key), "apig", "0123456789abcdef0123456789abcdef");
    static const struct text member = text_literal("\"domain_id\":\"0123456789abcdef");
    assert_non_null(memmem(trial.fetch.request.body.data, trial.fetch.request.body.size,
                           member.data, member.size));
    source_end(&trial);
}

static void a_token_is_sent_as_it_is(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_open_given(&token), "apig", "shop");
    assert_field(&trial, "X-Auth-Token", "MIIE");
    assert_field(&trial, "Authorization", "");
    source_end(&trial);
}

static void a_urn_is_assumed_at_sts_after_all_requests_of_the_other_source(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_metadata_open("http://169.254.169.254"), URN, NULL);
    assert_non_null(trial.source->urls[SOURCE_NODE]);
    trial.next = trial.source->kind->unanswered(trial.source, &trial.fetch);
    source_answer(&trial, 200, KEY_OF("AK0"), "");
    source_answer(&trial, 200, "{\"project_id\":\"another\"}", "");
    assert_request(&trial, SOURCE_STS, "POST", "/v5/agencies/assume");
    assert_field(&trial, "X-Security-Token", "ST1");
    source_answer(&trial, 200, KEY_OF("AK1"), "");
    assert_int_equal(trial.next, SOURCE_ISSUED);
    assert_int_equal(trial.fetch.issued.project.size, 0);
    source_end(&trial);
}

static bool is_hidden(const struct source_trial *trial, const char *secret)
{
    for (size_t i = 0; i < SOURCE_HIDDEN; i++)
        if (trial->fetch.hidden[i] &&
            text_equal(secret_value(trial->fetch.hidden[i]), text_of(secret)))
            return true;
    return false;
}

static void each_secret_on_the_way_is_kept_out_of_texts(void **state)
{
    (void)state;
    static const char *const secrets[] = {"node", "SK0", "ST0"};
    struct source_trial trial;
    begin(&trial, source_metadata_open("http://169.254.169.254"), URN, NULL);
    source_answer(&trial, 200, "node", "");
    source_answer(
        &trial, 200,
        "{\"credential\":{\"access\":\"AK0\",\"secret\":\"SK0\",\"securitytoken\":\"ST0\","
        "\"expires_at\":\"2020-01-08T03:50:07.574000Z\"}}",
        "");
    source_answer(&trial, 404, "", "");
    assert_request(&trial, SOURCE_STS, "POST", "/v5/agencies/assume");
    for (size_t i = 0; i < array_length(secrets); i++)
        if (!is_hidden(&trial, secrets[i]))
            fail_msg("%s is not hidden", secrets[i]);
    source_end(&trial);
}

static void a_token_cannot_assume_a_urn(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_open_given(&token), URN, NULL);
    assert_failed(&trial, SOURCE_REFUSED, "access key");
    source_end(&trial);
}

static void assert_lifetime(struct source *inner, const char *name, int64_t lifetime_s,
                            const char *member)
{
    struct iam_place asked = place;
    asked.lifetime_ns = lifetime_s * CLOCK_NS_PER_S;
    const struct agency agency = {name, "shop"};
    struct source_trial trial;
    source_begin(&trial, source_agency_open(inner, &agency, &asked));
    struct text body = trial.fetch.request.body;
    if (!memmem(body.data, body.size, member, strlen(member)))
        fail_msg("%.*s lacks %s", text_arguments(body), member);
    source_end(&trial);
}

static void the_lifetime_that_is_asked_for_is_one_that_may_be_given(void **state)
{
    (void)state;
    static const struct issued temporary = {ISSUED_KEY, .access = {"AK0", 3}, .secret = {"SK0", 3},
                                            .security = {"ST0", 3}};
    assert_lifetime(source_open_given(&key), URN, 0, "\"duration_seconds\":3600}");
    assert_lifetime(source_open_given(&key), URN, 43200, "\"duration_seconds\":43200}");
    assert_lifetime(source_open_given(&temporary), URN, 43200, "\"duration_seconds\":3600}");
    assert_lifetime(source_open_given(&temporary), URN, 900, "\"duration_seconds\":900}");
    assert_lifetime(source_open_given(&temporary), "apig", 86400, "\"duration_seconds\":86400}");
}

static void a_refused_key_of_a_file_is_left_alone(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, source_open_given(&key), "apig", "shop");
    source_answer(&trial, 401, "{\"error\":{\"code\":401,\"message\":\"wrong\"}}", "");
    assert_failed(&trial, SOURCE_COUNTS_TOWARDS_LOCK, "HTTP 401");
    source_end(&trial);
    begin(&trial, source_open_given(&key), "apig", "shop");
    source_answer(&trial, 503, "", "");
    assert_failed(&trial, SOURCE_PASSING, "HTTP 503");
    source_end(&trial);
    begin(&trial, source_open_given(&key), "apig", "shop");
    trial.fetch.had_wrong_time = true;
    source_answer(&trial, 401, "{\"error\":{\"code\":401,\"message\":\"expired\"}}", "");
    assert_failed(&trial, SOURCE_PASSING, "HTTP 401");
    source_end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_assumed_at_iam_with_a_signature),
        cmocka_unit_test(an_account_of_32_characters_is_an_id),
        cmocka_unit_test(a_token_is_sent_as_it_is),
        cmocka_unit_test(a_urn_is_assumed_at_sts_after_all_requests_of_the_other_source),
        cmocka_unit_test(each_secret_on_the_way_is_kept_out_of_texts),
        cmocka_unit_test(a_token_cannot_assume_a_urn),
        cmocka_unit_test(the_lifetime_that_is_asked_for_is_one_that_may_be_given),
        cmocka_unit_test(a_refused_key_of_a_file_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
