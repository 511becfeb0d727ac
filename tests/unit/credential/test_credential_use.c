/* SPDX-License-Identifier: MIT */
/* With an access key: who may go out, who waits, and is each wait ended once? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "credential_trial.h"

#include "base/banned.h"

#define WRONG text_literal("verify aksk signature fail, canonicalRequest")

/* A request of the trial's key. */
struct request {
    struct credential_use use; /* first, so that a resumed use is its request */
    struct http_request http;
    struct arena arena;
    unsigned resumed;
    bool renewed;
};

static void on_resumed(struct credential_use *use, bool renewed)
{
    struct request *request = (struct request *)use;
    request->resumed++;
    request->renewed = renewed;
}

static void write_key(struct trial *trial, const char *secret)
{
    write_file(in_folder(trial, "ak"), "AK1", 3);
    write_file(in_folder(trial, "sk"), secret, strlen(secret));
}

static void begin_keys(struct trial *trial)
{
    struct status status;
    prepare(trial, "");
    write_key(trial, "secret-1");
    const struct credential_parts parts = {.files = {trial->loop, on_report, trial, NULL}};
    trial->config.keys = trial->folder;
    assert_true(credential_open(&trial->config, &parts, &trial->credential, &status));
    assert_int_equal(trial->result, RELOAD_LOADED);
}

static bool try_sign(struct trial *trial, struct request *request)
{
    struct status status;
    const struct credential_scope scope = {.host = text_literal("upstream.example"),
                                           .arena = &request->arena};
    request->http =
        (struct http_request){.method = text_literal("GET"), .target = text_literal("/v2/p/apigw")};
    return credential_sign(trial->credential, &scope, &request->http, &request->use, &status);
}

static void sign_request(struct trial *trial, struct request *request)
{
    *request = (struct request){
        .use = {.resumed = on_resumed, .deadline_ns = clock_now_ns() + 60 * CLOCK_NS_PER_S}};
    arena_init(&request->arena, 65536);
    assert_true(try_sign(trial, request));
}

static void forget(struct request *request)
{
    credential_release(&request->use);
    arena_clear(&request->arena);
}

static enum credential_permit enter(struct trial *trial, struct request *request)
{
    return credential_enter(trial->credential, &request->use);
}

static void a_key_lets_the_second_request_out_once_the_first_was_accepted(void **state)
{
    (void)state;
    struct trial trial;
    struct request first, second;
    begin_keys(&trial);
    sign_request(&trial, &first);
    sign_request(&trial, &second);
    assert_int_equal(enter(&trial, &first), CREDENTIAL_PASS);
    assert_int_equal(enter(&trial, &second), CREDENTIAL_WAIT);
    assert_int_equal(credential_wait(trial.credential, &second.use), CREDENTIAL_RESUMES);
    credential_leave(trial.credential, &first.use, true);
    assert_int_equal(second.resumed, 1);
    assert_int_equal(enter(&trial, &second), CREDENTIAL_PASS);
    assert_int_equal(enter(&trial, &first), CREDENTIAL_PASS);
    credential_end_wait(trial.credential, &second.use);
    assert_int_equal(second.resumed, 1);
    forget(&first);
    forget(&second);
    end(&trial);
}

static void a_wrong_key_closes_the_gate_for_those_that_wait(void **state)
{
    (void)state;
    struct trial trial;
    struct request first, second, third;
    begin_keys(&trial);
    sign_request(&trial, &first);
    sign_request(&trial, &second);
    assert_int_equal(enter(&trial, &first), CREDENTIAL_PASS);
    assert_int_equal(credential_wait(trial.credential, &second.use), CREDENTIAL_RESUMES);
    assert_int_equal(credential_refused(trial.credential, &first.use, WRONG), CREDENTIAL_UNCHANGED);
    assert_int_equal(second.resumed, 1);
    assert_int_equal(enter(&trial, &second), CREDENTIAL_CLOSED);
    third = (struct request){.use.resumed = on_resumed};
    assert_false(try_sign(&trial, &third));
    forget(&first);
    forget(&second);
    end(&trial);
}

static void another_key_in_the_files_is_used_at_once(void **state)
{
    (void)state;
    struct trial trial;
    struct request first, second;
    begin_keys(&trial);
    sign_request(&trial, &first);
    sign_request(&trial, &second);
    assert_int_equal(enter(&trial, &first), CREDENTIAL_PASS);
    write_key(&trial, "secret-2");
    assert_int_equal(credential_refused(trial.credential, &first.use, WRONG), CREDENTIAL_AGAIN);
    assert_int_equal(enter(&trial, &second), CREDENTIAL_STALE);
    credential_release(&first.use);
    assert_true(try_sign(&trial, &first));
    assert_int_equal(enter(&trial, &first), CREDENTIAL_PASS);
    /* Only the first refusal of a request is followed by another attempt. */
    write_key(&trial, "secret-3");
    assert_int_equal(credential_refused(trial.credential, &first.use, WRONG), CREDENTIAL_UNCHANGED);
    forget(&first);
    forget(&second);
    end(&trial);
}

static void a_wait_ends_at_its_deadline(void **state)
{
    (void)state;
    struct trial trial;
    struct request first, second;
    begin_keys(&trial);
    sign_request(&trial, &first);
    sign_request(&trial, &second);
    assert_int_equal(enter(&trial, &first), CREDENTIAL_PASS);
    second.use.deadline_ns = clock_now_ns() + 20 * CLOCK_NS_PER_MS;
    assert_int_equal(credential_wait(trial.credential, &second.use), CREDENTIAL_RESUMES);
    loop_until(trial.loop, second.resumed > 0);
    assert_false(second.renewed);
    assert_int_equal(second.resumed, 1);
    forget(&first);
    forget(&second);
    end(&trial);
}

static void a_stop_ends_all_waits_and_lets_none_begin(void **state)
{
    (void)state;
    struct trial trial;
    struct request first, second;
    begin_keys(&trial);
    sign_request(&trial, &first);
    sign_request(&trial, &second);
    assert_int_equal(enter(&trial, &first), CREDENTIAL_PASS);
    assert_int_equal(credential_wait(trial.credential, &second.use), CREDENTIAL_RESUMES);
    credential_end_waits(trial.credential);
    assert_int_equal(second.resumed, 1);
    assert_int_equal(credential_wait(trial.credential, &second.use), CREDENTIAL_UNCHANGED);
    forget(&first);
    forget(&second);
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_lets_the_second_request_out_once_the_first_was_accepted),
        cmocka_unit_test(a_wrong_key_closes_the_gate_for_those_that_wait),
        cmocka_unit_test(another_key_in_the_files_is_used_at_once),
        cmocka_unit_test(a_wait_ends_at_its_deadline),
        cmocka_unit_test(a_stop_ends_all_waits_and_lets_none_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
