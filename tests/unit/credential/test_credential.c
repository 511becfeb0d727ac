/* SPDX-License-Identifier: MIT */
/* Does the current token sign, is a rejected one replaced, and is every token whole? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "credential/credential_state.h"
#include "credential/snapshot.h"
#include "credential_trial.h"

#include "base/banned.h"

static void a_token_that_is_there_signs_from_the_start(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "first\n");
    assert_true(credential_ready(trial.credential));
    assert_signs_with(&trial, "first");
    assert_null(strstr(trial.message, "first"));
    assert_non_null(strstr(trial.message, "5 bytes"));
    end(&trial);
}

static void a_full_request_is_not_signed(void **state)
{
    (void)state;
    struct trial trial;
    const struct credential_scope scope = {0};
    struct http_request request = {.field_count = HTTP_REQUEST_FIELDS};
    struct credential_use use = {0};
    struct status status;
    begin(&trial, "first");
    assert_false(credential_sign(trial.credential, &scope, &request, &use, &status));
    assert_null(use.held);
    end(&trial);
}

static void a_project_that_finds_no_memory_is_not_taken_for_none(void **state)
{
    (void)state;
    static const struct issued issued = {.kind = ISSUED_TOKEN,
                                         .token = text_literal("second"),
                                         .project =
                                             text_literal("0123456789abcdef0123456789abcdef")};
    struct trial trial;
    struct credential_snapshot *snapshot;
    struct status status;
    struct text project;
    struct arena enough, little;
    bool is_awaited;
    arena_init(&enough, 64);
    arena_init(&little, 16);
    begin(&trial, "first");
    assert_true(snapshot_new(&issued, NULL, &snapshot, &status));
    credential_replace(trial.credential, snapshot);
    assert_true(credential_project(trial.credential, &enough, &project, &is_awaited));
    assert_true(text_equal(project, issued.project) && !is_awaited);
    assert_false(credential_project(trial.credential, &little, &project, &is_awaited));
    arena_clear(&enough);
    arena_clear(&little);
    end(&trial);
}

static void a_refresh_that_meets_the_same_problem_reports_nothing(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    begin(&trial, "first");
    write_token(&trial, "");
    run_until_reported(&trial, 2);
    struct credential_use held = sign(&trial, &request);
    assert_false(refuse(&trial, &held));
    assert_int_equal(trial.reports, 2);
    credential_release(&held);
    end(&trial);
}

static void a_refresh_returns_whether_another_token_is_there(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    begin(&trial, "first");
    struct credential_use held = sign(&trial, &request);
    write_token(&trial, "second");
    assert_true(refuse(&trial, &held));
    assert_int_equal(trial.reports, 2);
    assert_signs_with(&trial, "second");
    /* A snapshot that is held does not change. */
    assert_true(text_equal(request.fields[0].value, text_literal("first")));
    credential_release(&held);
    end(&trial);
}

static void a_refresh_for_an_older_token_does_not_read_the_file(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    begin(&trial, "first");
    struct credential_use held = sign(&trial, &request);
    write_token(&trial, "second");
    run_until_reported(&trial, 2);
    write_token(&trial, "third");
    assert_true(refuse(&trial, &held));
    assert_signs_with(&trial, "second");
    credential_release(&held);
    end(&trial);
}

static void a_changed_file_is_read_however_short_the_time_since_the_last_read(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    begin(&trial, "first");
    struct credential_use held = sign(&trial, &request);
    assert_false(refuse(&trial, &held));
    write_token(&trial, "another");
    struct credential_use second = sign(&trial, &request);
    assert_true(refuse(&trial, &second));
    credential_release(&second);
    assert_signs_with(&trial, "another");
    credential_release(&held);
    end(&trial);
}

struct rejected_call {
    struct trial *trial;
    struct credential_use use;
    pthread_barrier_t *start;
    bool changed;
};

static void *refresh(void *context)
{
    struct rejected_call *call = context;
    pthread_barrier_wait(call->start);
    call->changed = refuse(call->trial, &call->use);
    return NULL;
}

#define THREADS 4

static void all_calls_that_are_rejected_at_once_get_the_new_token(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    struct rejected_call rejected[THREADS];
    pthread_t threads[THREADS];
    pthread_barrier_t start;
    begin(&trial, "first");
    pthread_barrier_init(&start, NULL, THREADS);
    write_token(&trial, "second");
    for (size_t i = 0; i < THREADS; i++) {
        rejected[i] = (struct rejected_call){&trial, sign(&trial, &request), &start, false};
        pthread_create(&threads[i], NULL, refresh, &rejected[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(rejected[i].changed);
        credential_release(&rejected[i].use);
    }
    assert_int_equal(trial.reports, 2);
    pthread_barrier_destroy(&start);
    end(&trial);
}

struct signer {
    struct credential *credential;
    atomic_bool *stop;
    size_t torn, signatures;
};

/* Each token repeats one letter: "a" 100 times, "b" 200 times and so on. */
static bool is_whole(struct text token)
{
    for (size_t i = 1; i < token.size; i++)
        if (token.data[i] != token.data[0])
            return false;
    return token.size == 100U * (unsigned)(token.data[0] - 'a' + 1);
}

static void *sign_until_stopped(void *context)
{
    const struct credential_scope scope = {0};
    struct signer *signer = context;
    while (!atomic_load(signer->stop)) {
        struct http_request request = {0};
        struct credential_use use = {0};
        struct status status;
        if (!credential_sign(signer->credential, &scope, &request, &use, &status))
            continue;
        signer->torn += !is_whole(request.fields[0].value);
        signer->signatures++;
        credential_release(&use);
    }
    return NULL;
}

static void write_letter(const struct trial *trial, char letter)
{
    char token[2600];
    size_t bytes = 100U * (unsigned)(letter - 'a' + 1);
    memset(token, letter, bytes);
    write_file(in_folder(trial, "fresh"), token, bytes);
    assert_int_equal(rename(in_folder(trial, "fresh"), trial->path), 0);
}

static void tokens_that_change_while_threads_sign_are_always_whole(void **state)
{
    (void)state;
    struct trial trial;
    struct signer signers[THREADS];
    pthread_t threads[THREADS];
    atomic_bool stop = false;
    prepare(&trial, "token");
    write_letter(&trial, 'a');
    open_credential(&trial);
    for (size_t i = 0; i < THREADS; i++) {
        signers[i] = (struct signer){trial.credential, &stop, 0, 0};
        pthread_create(&threads[i], NULL, sign_until_stopped, &signers[i]);
    }
    for (char letter = 'b'; letter <= 'z'; letter++) {
        write_letter(&trial, letter);
        run_until_reported(&trial, (unsigned)(letter - 'a' + 1));
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(signers[i].torn, 0);
        assert_true(signers[i].signatures > 0);
    }
    end(&trial);
}

static void a_snapshot_that_is_held_outlives_the_credential(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    begin(&trial, "first");
    struct credential_use held = sign(&trial, &request);
    end(&trial);
    assert_true(text_equal(request.fields[0].value, text_literal("first")));
    credential_release(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_that_is_there_signs_from_the_start),
        cmocka_unit_test(a_full_request_is_not_signed),
        cmocka_unit_test(a_project_that_finds_no_memory_is_not_taken_for_none),
        cmocka_unit_test(a_refresh_that_meets_the_same_problem_reports_nothing),
        cmocka_unit_test(a_refresh_returns_whether_another_token_is_there),
        cmocka_unit_test(a_refresh_for_an_older_token_does_not_read_the_file),
        cmocka_unit_test(a_changed_file_is_read_however_short_the_time_since_the_last_read),
        cmocka_unit_test(all_calls_that_are_rejected_at_once_get_the_new_token),
        cmocka_unit_test(tokens_that_change_while_threads_sign_are_always_whole),
        cmocka_unit_test(a_snapshot_that_is_held_outlives_the_credential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
