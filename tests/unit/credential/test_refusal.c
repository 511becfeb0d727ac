/* SPDX-License-Identifier: MIT */
/* Is the cause of a refusal read from the vendor's words? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/refusal.h"

#include "base/banned.h"

static void the_words_of_the_vendor_decide(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        enum metric_credential_verdict meaning;
    } rows[] = {
        {"", METRIC_CREDENTIAL_VERDICT_RENEW},
        {"Incorrect IAM authentication information: decrypt token fail",
         METRIC_CREDENTIAL_VERDICT_RENEW},
        {"token expires, expires_at: 2026-01-01T00:00:00Z", METRIC_CREDENTIAL_VERDICT_RENEW},
        {"Get secretKey failed,ak:******,err:ak not exist", METRIC_CREDENTIAL_VERDICT_RENEW},
        {"Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:x",
         METRIC_CREDENTIAL_VERDICT_WRONG},
        {"calc ak sk signature fail:signature expired, signature time:20260101T000000Z",
         METRIC_CREDENTIAL_VERDICT_CLOCK},
        {"AK access failed to reach the limit,forbidden.", METRIC_CREDENTIAL_VERDICT_PAUSE},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        assert_int_equal(refusal_judge(text_of(rows[i].message)), rows[i].meaning);
    assert_int_equal(refusal_judge((struct text){NULL, 0}), METRIC_CREDENTIAL_VERDICT_RENEW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_words_of_the_vendor_decide)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
