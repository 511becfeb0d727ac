/* SPDX-License-Identifier: MIT */
/* With an access key: who may go out, who waits, and is each wait ended once? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "credential/credential_state.h"
#include "credential_trial.h"

#include "base/banned.h"

#define WRONG text_literal("verify aksk signature fail, canonicalRequest")

/* A request of the trial's key. */
struct request {
    struct credential_use use; /* first, so that a resumed use is its request */
    struct http_request http;
    struct arena arena;
    unsigned resumed, order;
    enum credential_next next;
};

static void on_resumed(struct credential_use *use, enum credential_next next)
{
    struct request *request = (struct request *)use;
    static unsigned resumed;
    request->resumed++;
    request->order = ++resumed;
    request->next = next;
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

static void put_key(struct trial *trial, const char *access)
{
    struct status status;
    struct credential_snapshot *snapshot;
    const struct issued issued = {.kind = ISSUED_KEY,
                                  .access = text_of(access),
                                  .secret = text_literal("a-secret"),
                                  .security = text_literal("a-token"),
                                  .expires_ns = clock_calendar_ns() + 3600 * CLOCK_NS_PER_S};
    assert_true(snapshot_new(&issued, credential_secrets(trial->credential), &snapshot, &status));
    snapshot_set_confirmed(snapshot, true);
    credential_replace(trial->credential, snapshot);
}

/* A temporary key is in use; the loop does not run, so that no fetch begins by itself. */
static void begin_temporary_key(struct trial *trial)
{
    struct status status;
    prepare(trial, "");
    const struct credential_parts parts = {.files = {trial->loop, on_report, trial, NULL}};
    trial->config.metadata = true;
    trial->config.metadata_url = "http://127.0.0.1:1";
    assert_true(credential_open(&trial->config, &parts, &trial->credential, &status));
    put_key(trial, "TEMPORARY1");
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

static enum credential_next be_refused(struct trial *trial, struct request *request)
{
    return credential_refused(trial->credential, &request->use, WRONG);
}

/* The key that a call got by its renewal is refused as well. */
static void doubt_key(struct trial *trial)
{
    struct request request;
    sign_request(trial, &request);
    assert_int_equal(enter(trial, &request), CREDENTIAL_PASS);
    request.use.was_refused = true;
    assert_int_equal(be_refused(trial, &request), CREDENTIAL_UNCHANGED);
    assert_int_equal(enter(trial, &request), CREDENTIAL_CLOSED);
    forget(&request);
}

/* The time comes at which a doubted key may be tried. */
static void end_pause(struct trial *trial)
{
    trial->credential->gate.next_try_ns = clock_now_ns();
}

static void
a_signature_is_hidden_while_a_response_is_read_and_overwritten_at_the_release(void **state)
{
    (void)state;
    struct trial trial;
    struct request request;
    char copy[64];
    begin_keys(&trial);
    sign_request(&trial, &request);
    struct text signature = request.use.signature;
    assert_int_equal(signature.size, sizeof copy);
    memcpy(copy, signature.data, sizeof copy);
    struct secret_list *secrets = credential_secrets(trial.credential);
    const struct text repeated = {copy, sizeof copy};
    assert_false(secret_list_search(secrets, repeated, NULL, NULL));
    struct secret *hidden = credential_hide(trial.credential, &request.use);
    assert_true(secret_list_search(secrets, repeated, NULL, NULL));
    secret_wipe(hidden);
    assert_false(secret_list_search(secrets, repeated, NULL, NULL));
    credential_release(&request.use);
    for (size_t i = 0; i < signature.size; i++)
        assert_int_equal(signature.data[i], 0);
    assert_null(credential_hide(trial.credential, &request.use));
    forget(&request);
    end(&trial);
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
    assert_int_equal(second.next, CREDENTIAL_UNCHANGED);
    assert_int_equal(second.resumed, 1);
    forget(&first);
    forget(&second);
    end(&trial);
}

static void those_that_wait_behind_a_probe_that_hangs_may_be_tried_the_newest_first(void **state)
{
    (void)state;
    struct trial trial;
    struct request probe, older, newer;
    begin_keys(&trial);
    sign_request(&trial, &probe);
    sign_request(&trial, &older);
    sign_request(&trial, &newer);
    assert_int_equal(enter(&trial, &probe), CREDENTIAL_PASS);
    trial.credential->gate.last_probe_ns -= KEY_GATE_PATIENCE_NS - 20 * CLOCK_NS_PER_MS;
    assert_int_equal(credential_wait(trial.credential, &older.use), CREDENTIAL_RESUMES);
    assert_int_equal(credential_wait(trial.credential, &newer.use), CREDENTIAL_RESUMES);
    loop_until(trial.loop, older.resumed > 0);
    assert_int_equal(newer.resumed, 1);
    assert_true(newer.order < older.order);
    assert_int_equal(newer.next, CREDENTIAL_AGAIN);
    assert_int_equal(older.next, CREDENTIAL_AGAIN);
    assert_int_equal(enter(&trial, &newer), CREDENTIAL_PASS);
    assert_int_equal(enter(&trial, &older), CREDENTIAL_WAIT);
    forget(&probe);
    forget(&older);
    forget(&newer);
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

static void a_refused_probe_that_waits_in_vain_leaves_the_key_to_the_next_one(void **state)
{
    (void)state;
    struct trial trial;
    struct request probe, next;
    begin_temporary_key(&trial);
    doubt_key(&trial);
    end_pause(&trial);
    sign_request(&trial, &probe);
    assert_int_equal(enter(&trial, &probe), CREDENTIAL_PASS);
    assert_int_equal(be_refused(&trial, &probe), CREDENTIAL_RESUMES);
    credential_end_wait(trial.credential, &probe.use);
    assert_int_equal(probe.resumed, 1);
    assert_int_equal(probe.next, CREDENTIAL_UNCHANGED);
    forget(&probe);
    end_pause(&trial);
    sign_request(&trial, &next);
    assert_int_equal(enter(&trial, &next), CREDENTIAL_PASS);
    credential_leave(trial.credential, &next.use, true);
    assert_int_equal(enter(&trial, &next), CREDENTIAL_PASS);
    forget(&next);
    end(&trial);
}

static void a_call_that_waits_for_a_renewal_gets_it_although_the_key_is_doubted(void **state)
{
    (void)state;
    struct trial trial;
    struct request waiting;
    begin_temporary_key(&trial);
    sign_request(&trial, &waiting);
    assert_int_equal(enter(&trial, &waiting), CREDENTIAL_PASS);
    assert_int_equal(be_refused(&trial, &waiting), CREDENTIAL_RESUMES);
    doubt_key(&trial);
    assert_int_equal(waiting.resumed, 0);
    put_key(&trial, "TEMPORARY2");
    assert_int_equal(waiting.resumed, 1);
    assert_int_equal(waiting.next, CREDENTIAL_AGAIN);
    forget(&waiting);
    end(&trial);
}

static void a_probe_that_is_accepted_leaves_those_alone_that_wait_for_a_renewal(void **state)
{
    (void)state;
    struct trial trial;
    struct request waiting, probe;
    begin_temporary_key(&trial);
    sign_request(&trial, &waiting);
    assert_int_equal(enter(&trial, &waiting), CREDENTIAL_PASS);
    assert_int_equal(be_refused(&trial, &waiting), CREDENTIAL_RESUMES);
    doubt_key(&trial);
    end_pause(&trial);
    sign_request(&trial, &probe);
    assert_int_equal(enter(&trial, &probe), CREDENTIAL_PASS);
    credential_leave(trial.credential, &probe.use, true);
    assert_int_equal(waiting.resumed, 0);
    credential_end_waits(trial.credential);
    assert_int_equal(waiting.resumed, 1);
    assert_int_equal(waiting.next, CREDENTIAL_UNCHANGED);
    forget(&waiting);
    forget(&probe);
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_signature_is_hidden_while_a_response_is_read_and_overwritten_at_the_release),
        cmocka_unit_test(a_key_lets_the_second_request_out_once_the_first_was_accepted),
        cmocka_unit_test(a_wrong_key_closes_the_gate_for_those_that_wait),
        cmocka_unit_test(another_key_in_the_files_is_used_at_once),
        cmocka_unit_test(a_wait_ends_at_its_deadline),
        cmocka_unit_test(those_that_wait_behind_a_probe_that_hangs_may_be_tried_the_newest_first),
        cmocka_unit_test(a_stop_ends_all_waits_and_lets_none_begin),
        cmocka_unit_test(a_refused_probe_that_waits_in_vain_leaves_the_key_to_the_next_one),
        cmocka_unit_test(a_call_that_waits_for_a_renewal_gets_it_although_the_key_is_doubted),
        cmocka_unit_test(a_probe_that_is_accepted_leaves_those_alone_that_wait_for_a_renewal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
