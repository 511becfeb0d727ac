/* SPDX-License-Identifier: MIT */
/* What does a caller get when a step, or an exchange without a response, has failed? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/failure.h"
#include "pipeline/interpret.h"

static void assert_reason(const struct details *details, const char *reason)
{
    assert_memory_equal(details->reason.data, reason, details->reason.size);
    assert_int_equal(details->reason.size, strlen(reason));
}

static void the_reason_of_a_failed_step_follows_from_step_and_code(void **state)
{
    (void)state;
    static const struct {
        enum step step;
        enum status_code code;
        const char *reason;
        int64_t retry_ms;
    } rows[] = {
        {STEP_ADMIT, STATUS_PERMISSION_DENIED, "CALLER_NOT_ALLOWED", 0},
        {STEP_ADMIT, STATUS_RESOURCE_EXHAUSTED, "OVERLOADED", DETAILS_SOON_MS},
        {STEP_ADMIT, STATUS_UNAVAILABLE, "DRAINING", DETAILS_SOON_MS},
        {STEP_RECEIVE, STATUS_RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED", DETAILS_NEVER_RETRY},
        {STEP_VALIDATE, STATUS_INVALID_ARGUMENT, "INVALID_REQUEST", 0},
        {STEP_SIGN, STATUS_UNAVAILABLE, "NO_CREDENTIAL", DETAILS_LATER_MS},
        {STEP_ENCODE, STATUS_UNAVAILABLE, "INTERNAL", DETAILS_NEVER_RETRY},
        {STEP_ENCODE, STATUS_INTERNAL, "INTERNAL", DETAILS_NEVER_RETRY},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct details details;
        details_init(&details);
        status_set(&status, rows[i].code, "failed");
        failure_of_step(&details, rows[i].step, &status);
        assert_reason(&details, rows[i].reason);
        assert_int_equal(details.retry_ms, rows[i].retry_ms);
    }
}

static void only_what_was_not_sent_or_only_reads_is_called_not_processed(void **state)
{
    (void)state;
    for (enum exchange_cause cause = EXCHANGE_CAUSE_CONNECT; cause < EXCHANGE_CAUSE_COUNT; cause++)
        for (int sent = 0; sent <= 1; sent++)
            for (enum idempotency idempotency = NOT_IDEMPOTENT; idempotency <= IDEMPOTENT;
                 idempotency++) {
                struct exchange exchange = {.cause = cause,
                                            .outcome = sent ? EXCHANGE_PERHAPS_PROCESSED
                                                            : EXCHANGE_NOT_SENT};
                struct status status;
                struct details details;
                details_init(&details);
                status_set(&exchange.status, STATUS_UNKNOWN, "it ended");
                assert_false(failure_of_exchange(&details, &exchange, idempotency, &status));
                bool unknown = sent && idempotency != NO_SIDE_EFFECTS;
                assert_int_equal(text_equal(details.reason, text_literal("OUTCOME_UNKNOWN")),
                                 unknown);
                assert_int_equal(strstr(status.message, "nothing was sent") != NULL, !sent);
                assert_int_equal(strstr(status.message, "repeating it is safe") != NULL,
                                 sent && idempotency == IDEMPOTENT);
                if (unknown) {
                    assert_int_not_equal(status.code, STATUS_UNAVAILABLE);
                    assert_int_not_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
                    assert_int_equal(details.retry_ms, DETAILS_NEVER_RETRY);
                }
            }
}

static void a_refusal_after_a_lost_response_is_an_unknown_outcome(void **state)
{
    (void)state;
    static const struct {
        enum status_code refused, expected;
    } rows[] = {
        {STATUS_NOT_FOUND, STATUS_UNKNOWN},
        {STATUS_UNAVAILABLE, STATUS_UNKNOWN},
        {STATUS_RESOURCE_EXHAUSTED, STATUS_UNKNOWN},
        {STATUS_DEADLINE_EXCEEDED, STATUS_DEADLINE_EXCEEDED},
        {STATUS_CANCELLED, STATUS_CANCELLED},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct details details;
        details_init(&details);
        status_set(&status, rows[i].refused, "refused");
        failure_of_repeated(&details, &status);
        assert_int_equal(status.code, rows[i].expected);
        assert_reason(&details, "OUTCOME_UNKNOWN");
        assert_int_equal(details.retry_ms, DETAILS_NEVER_RETRY);
        assert_ptr_equal(strstr(status.message, "refused; an earlier attempt"), status.message);
        struct status once = status;
        failure_of_repeated(&details, &status);
        assert_string_equal(status.message, once.message);
    }
}

static void the_time_until_the_next_connect_is_rounded_up_to_a_millisecond(void **state)
{
    (void)state;
    struct exchange exchange = {.cause = EXCHANGE_CAUSE_BREAKER,
                                .outcome = EXCHANGE_NOT_SENT,
                                .local_retry_ns = 3 * CLOCK_NS_PER_MS + 1};
    struct status status;
    struct details details;
    details_init(&details);
    assert_false(failure_of_exchange(&details, &exchange, NOT_IDEMPOTENT, &status));
    assert_int_equal(details.retry_ms, 4);
}

static void a_4xx_whose_body_broke_off_counts_by_its_status(void **state)
{
    (void)state;
    struct exchange broken = {
        .cause = EXCHANGE_CAUSE_LOST, .outcome = EXCHANGE_PERHAPS_PROCESSED, .http_status = 404};
    interpret_complete(&broken, 1024);
    assert_int_equal(broken.outcome, EXCHANGE_ANSWERED);
    assert_int_equal(broken.response.status, 404);
    struct exchange success = broken;
    success.outcome = EXCHANGE_PERHAPS_PROCESSED;
    success.http_status = 201;
    interpret_complete(&success, 1024);
    assert_int_equal(success.outcome, EXCHANGE_PERHAPS_PROCESSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reason_of_a_failed_step_follows_from_step_and_code),
        cmocka_unit_test(only_what_was_not_sent_or_only_reads_is_called_not_processed),
        cmocka_unit_test(a_refusal_after_a_lost_response_is_an_unknown_outcome),
        cmocka_unit_test(the_time_until_the_next_connect_is_rounded_up_to_a_millisecond),
        cmocka_unit_test(a_4xx_whose_body_broke_off_counts_by_its_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
