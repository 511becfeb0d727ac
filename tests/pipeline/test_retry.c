/* SPDX-License-Identifier: MIT */
/* May another attempt follow the one that has just ended? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/recovery.h"
#include "pipeline/retry.h"

static const struct schema_method create = {.idempotency = NOT_IDEMPOTENT},
                                  list = {.idempotency = NO_SIDE_EFFECTS},
                                  update = {.idempotency = IDEMPOTENT};

static const struct row {
    const char *name;
    const struct schema_method *method;
    enum exchange_outcome outcome;
    enum exchange_cause cause;
    enum fault_effect effect;
    bool has_to_wait, is_retry, committed;
    enum retry_cause expected;
} rows[] = {
    {"a connect that failed", &create, EXCHANGE_NOT_SENT, EXCHANGE_CAUSE_CONNECT, FAULT_REFUSED,
     false, false, false, RETRY_REJECTED},
    {"a connection lost before the first byte", &create, EXCHANGE_NOT_SENT, EXCHANGE_CAUSE_LOST,
     FAULT_REFUSED, false, false, true, RETRY_REJECTED},
    {"a connection lost after it", &create, EXCHANGE_PERHAPS_PROCESSED, EXCHANGE_CAUSE_LOST,
     FAULT_REFUSED, false, false, true, RETRY_NONE},
    {"the same of a request that only reads", &list, EXCHANGE_PERHAPS_PROCESSED,
     EXCHANGE_CAUSE_LOST, FAULT_REFUSED, false, false, false, RETRY_REJECTED},
    {"the same of an idempotent one", &update, EXCHANGE_PERHAPS_PROCESSED, EXCHANGE_CAUSE_LOST,
     FAULT_REFUSED, false, false, true, RETRY_LOST},
    {"an idempotent request that its client repeats", &update, EXCHANGE_PERHAPS_PROCESSED,
     EXCHANGE_CAUSE_LOST, FAULT_REFUSED, false, true, true, RETRY_LOST},
    {"a lost connection before the first byte of an idempotent request", &update, EXCHANGE_NOT_SENT,
     EXCHANGE_CAUSE_LOST, FAULT_REFUSED, false, false, true, RETRY_REJECTED},
    {"a response to an idempotent request that cannot be read", &update, EXCHANGE_PERHAPS_PROCESSED,
     EXCHANGE_CAUSE_UNREADABLE_RESPONSE, FAULT_REFUSED, false, false, true, RETRY_NONE},
    {"an idempotent request whose response a proxy lost", &update, EXCHANGE_ANSWERED,
     EXCHANGE_CAUSE_NONE, FAULT_UNKNOWN, false, false, true, RETRY_LOST},
    {"an idempotent request that a proxy gave up", &update, EXCHANGE_ANSWERED, EXCHANGE_CAUSE_NONE,
     FAULT_TIMED_OUT, false, false, true, RETRY_LOST},
    {"a system error of an idempotent request", &update, EXCHANGE_ANSWERED, EXCHANGE_CAUSE_NONE,
     FAULT_SYSTEM, false, false, true, RETRY_NONE},
    {"a redirect of an idempotent request", &update, EXCHANGE_ANSWERED, EXCHANGE_CAUSE_NONE,
     FAULT_SEE_OTHER, false, false, true, RETRY_NONE},
    {"a throttled idempotent request", &update, EXCHANGE_ANSWERED, EXCHANGE_CAUSE_NONE,
     FAULT_THROTTLED, false, false, true, RETRY_THROTTLED},
    {"an open breaker", &create, EXCHANGE_NOT_SENT, EXCHANGE_CAUSE_BREAKER, FAULT_REFUSED, false,
     false, false, RETRY_NONE},
    {"an open breaker, of a committed call", &create, EXCHANGE_NOT_SENT, EXCHANGE_CAUSE_BREAKER,
     FAULT_REFUSED, false, false, true, RETRY_REJECTED},
    {"a deadline", &list, EXCHANGE_NOT_SENT, EXCHANGE_CAUSE_DEADLINE, FAULT_REFUSED, false, false,
     false, RETRY_NONE},
    {"a transient fault", &create, EXCHANGE_ANSWERED, EXCHANGE_CAUSE_NONE, FAULT_PASSING, false,
     false, true, RETRY_REJECTED},
    {"throttling", &create, EXCHANGE_ANSWERED, EXCHANGE_CAUSE_NONE, FAULT_THROTTLED, false, false,
     true, RETRY_THROTTLED},
    {"a refusal that stays", &create, EXCHANGE_ANSWERED, EXCHANGE_CAUSE_NONE, FAULT_REFUSED, false,
     false, true, RETRY_NONE},
    {"a fault whose outcome is unknown", &create, EXCHANGE_ANSWERED, EXCHANGE_CAUSE_NONE,
     FAULT_UNKNOWN, false, false, true, RETRY_NONE},
    {"a rejected credential", &create, EXCHANGE_ANSWERED, EXCHANGE_CAUSE_NONE, FAULT_CREDENTIAL,
     false, false, true, RETRY_CREDENTIAL},
    {"an access key that another call has to confirm", &create, EXCHANGE_NOT_SENT,
     EXCHANGE_CAUSE_UNPREPARED, FAULT_REFUSED, true, false, true, RETRY_KEY},
    {"a failed connect of a call that its client retries", &create, EXCHANGE_NOT_SENT,
     EXCHANGE_CAUSE_CONNECT, FAULT_REFUSED, false, true, false, RETRY_NONE},
    {"the same once the call is committed", &create, EXCHANGE_NOT_SENT, EXCHANGE_CAUSE_CONNECT,
     FAULT_REFUSED, false, true, true, RETRY_REJECTED},
};

static void an_attempt_is_retried_when_a_second_one_does_no_harm(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct transaction transaction = {
            .method = rows[i].method,
            .fault.effect = rows[i].effect,
            .has_to_wait = rows[i].has_to_wait,
            .committed = rows[i].committed,
            .trace.is_retry = rows[i].is_retry,
            .exchange = {.outcome = rows[i].outcome, .cause = rows[i].cause},
        };
        if (retry_judge(&transaction) != rows[i].expected)
            fail_msg("%s: not as expected", rows[i].name);
    }
}

static enum retry_cause judge_after_lookup(enum lookup_verdict verdict,
                                           const struct unknown_outcome *kept)
{
    struct unknown_outcome unknown = *kept;
    struct transaction transaction = {
        .method = &create,
        .verdict = verdict,
        .unknown_outcome = &unknown,
        .exchange = {.outcome = EXCHANGE_NOT_SENT, .cause = EXCHANGE_CAUSE_CONNECT},
    };
    return retry_judge(&transaction);
}

static void a_lookup_that_found_nothing_lets_the_create_be_sent_again(void **state)
{
    (void)state;
    static const struct unknown_outcome lost = {.http_status = 0}, timed_out = {.http_status = 504},
                                        created = {.http_status = 201},
                                        exists = {.fault.code = STATUS_ALREADY_EXISTS};
    assert_int_equal(judge_after_lookup(LOOKUP_ABSENT, &lost), RETRY_ABSENT);
    assert_int_equal(judge_after_lookup(LOOKUP_ABSENT, &timed_out), RETRY_NONE);
    assert_int_equal(judge_after_lookup(LOOKUP_ABSENT, &created), RETRY_NONE);
    assert_int_equal(judge_after_lookup(LOOKUP_ABSENT, &exists), RETRY_NONE);
    assert_int_equal(judge_after_lookup(LOOKUP_FOUND, &lost), RETRY_NONE);
    assert_int_equal(judge_after_lookup(LOOKUP_OLDER, &lost), RETRY_NONE);
}

static void a_lookup_that_failed_is_repeated_and_counts_its_own_attempts(void **state)
{
    (void)state;
    struct unknown_outcome unknown = {.lookups = 2};
    struct transaction transaction = {.method = &create,
                                      .attempts = 1,
                                      .verdict = LOOKUP_FAILED,
                                      .unknown_outcome = &unknown,
                                      .exchange = {.cause = EXCHANGE_CAUSE_CONNECT}};
    assert_int_equal(retry_judge(&transaction), RETRY_REJECTED);
    assert_int_equal(retry_attempts(&transaction), 2);
    transaction.verdict = LOOKUP_ABSENT;
    assert_int_equal(retry_attempts(&transaction), 1);
}

static void the_wait_is_the_upstreams_and_up_to_a_fifth_more(void **state)
{
    (void)state;
    struct transaction transaction = {.exchange.local_retry_ns = 7, .fault.attempt_delay_ms = 1000};
    for (int i = 0; i < 100; i++) {
        int64_t wait_ns = retry_wait_ns(&transaction);
        assert_in_range(wait_ns, 1000 * CLOCK_NS_PER_MS + 7, 1200 * CLOCK_NS_PER_MS + 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_is_retried_when_a_second_one_does_no_harm),
        cmocka_unit_test(a_lookup_that_found_nothing_lets_the_create_be_sent_again),
        cmocka_unit_test(a_lookup_that_failed_is_repeated_and_counts_its_own_attempts),
        cmocka_unit_test(the_wait_is_the_upstreams_and_up_to_a_fifth_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
