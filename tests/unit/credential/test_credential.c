/* SPDX-License-Identifier: MIT */
/* Is the newest good token the one that signs, whatever happens to its file? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "credential/credential.h"

#include "base/banned.h"

/* No test waits longer for what has to come. */
static const struct timeval patience = {.tv_sec = 60};

struct trial {
    char folder[64], path[128];
    struct event_base *loop;
    struct event *guard;
    struct credential *credential;
    bool late;
    unsigned told;
    enum credential_result news;
    char why[STATUS_MESSAGE_BYTES];
};

static void on_result(enum credential_result news, const char *why, void *context)
{
    struct trial *trial = context;
    trial->told++;
    trial->news = news;
    snprintf(trial->why, sizeof trial->why, "%s", why);
}

static void on_late(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct trial *trial = context;
    trial->late = true;
}

/* A path beside the token file. */
static const char *beside(const struct trial *trial, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", trial->folder, name);
    return path;
}

static void write_file(const char *path, const char *at, size_t bytes)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(at, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static void write_token(const struct trial *trial, const char *token)
{
    write_file(trial->path, token, strlen(token));
}

static void prepare(struct trial *trial)
{
    *trial = (struct trial){.folder = "/tmp/credential-XXXXXX"};
    assert_non_null(mkdtemp(trial->folder));
    snprintf(trial->path, sizeof trial->path, "%s/token", trial->folder);
    trial->loop = event_base_new();
    trial->guard = evtimer_new(trial->loop, on_late, trial);
    event_add(trial->guard, &patience);
}

static void open_credential(struct trial *trial)
{
    struct status status;
    assert_true(
        credential_open(trial->path, trial->loop, on_result, trial, &trial->credential, &status));
}

static void begin(struct trial *trial, const char *token)
{
    prepare(trial);
    write_token(trial, token);
    open_credential(trial);
    assert_int_equal(trial->told, 1);
    assert_int_equal(trial->news, CREDENTIAL_LOADED);
}

static int remove_one(const char *path, const struct stat *file, int kind, struct FTW *walk)
{
    (void)file, (void)kind, (void)walk;
    return remove(path);
}

static void end(struct trial *trial)
{
    credential_free(trial->credential);
    event_free(trial->guard);
    event_base_free(trial->loop);
    nftw(trial->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void run_until_told(struct trial *trial, unsigned times)
{
    while (trial->told < times) {
        assert_false(trial->late);
        event_base_loop(trial->loop, EVLOOP_ONCE);
    }
    assert_int_equal(trial->told, times);
}

/* Returns the snapshot that signed the request; the caller releases it. */
static struct credential_snapshot *sign(struct trial *trial, struct http_request *request)
{
    struct credential_snapshot *held = NULL;
    struct status status;
    request->field_count = 0;
    assert_true(credential_sign(trial->credential, request, &held, &status));
    assert_int_equal(request->field_count, 1);
    assert_true(text_equal(request->fields[0].name, text_literal("X-Auth-Token")));
    return held;
}

static void assert_signs_with(struct trial *trial, const char *token)
{
    struct http_request request;
    struct credential_snapshot *held = sign(trial, &request);
    assert_true(text_equal(request.fields[0].value, text_of(token)));
    assert_true(text_equal(credential_value(held), text_of(token)));
    credential_release(held);
}

static void assert_cannot_sign(struct trial *trial)
{
    struct http_request request = {0};
    struct credential_snapshot *held = NULL;
    struct status status;
    assert_false(credential_ready(trial->credential));
    assert_false(credential_sign(trial->credential, &request, &held, &status));
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_null(held);
    assert_int_equal(request.field_count, 0);
}

static void a_token_that_is_there_signs_from_the_start(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "first\n");
    assert_true(credential_ready(trial.credential));
    assert_signs_with(&trial, "first");
    assert_null(strstr(trial.why, "first"));
    assert_non_null(strstr(trial.why, "5 bytes"));
    end(&trial);
}

static void a_full_request_is_not_signed(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request = {.field_count = HTTP_REQUEST_FIELDS};
    struct credential_snapshot *held = NULL;
    struct status status;
    begin(&trial, "first");
    assert_false(credential_sign(trial.credential, &request, &held, &status));
    assert_null(held);
    end(&trial);
}

#define LONGEST "%32768s"

static void exactly_one_line_end_is_trimmed(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        size_t bytes;
    } files[] = {{"token", 5},
                 {"token\n", 5},
                 {"token\r\n", 5},
                 {LONGEST, CREDENTIAL_BYTES},
                 {LONGEST "\n", CREDENTIAL_BYTES},
                 {LONGEST "\r\n", CREDENTIAL_BYTES}};
    struct trial trial;
    prepare(&trial);
    for (size_t i = 0; i < array_length(files); i++) {
        static char content[CREDENTIAL_BYTES + 16];
        struct status status;
        size_t bytes = 0;
        if (files[i].bytes == CREDENTIAL_BYTES) {
            memset(content, 't', CREDENTIAL_BYTES);
            snprintf(content + CREDENTIAL_BYTES, 16, "%s", files[i].format + strlen(LONGEST));
        } else {
            snprintf(content, sizeof content, "%s", files[i].format);
        }
        write_token(&trial, content);
        assert_true(credential_check_file(trial.path, &bytes, &status));
        assert_int_equal(bytes, files[i].bytes);
    }
    end(&trial);
}

/* The message names the file, and nothing of what it holds. */
static void assert_refused(const struct trial *trial, const char *reason)
{
    struct status status;
    size_t bytes = 77;
    assert_false(credential_check_file(trial->path, &bytes, &status));
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_int_equal(bytes, 77);
    assert_non_null(strstr(status.message, trial->path));
    assert_non_null(strstr(status.message, reason));
    assert_null(strstr(status.message, "secret"));
}

static void a_text_that_cannot_be_a_token_is_refused(void **state)
{
    (void)state;
#define CONTENT(literal) "" literal, sizeof(literal) - 1
    static const struct {
        const char *at;
        size_t bytes;
        const char *reason;
    } files[] = {
        {CONTENT(""), "empty"},
        {CONTENT("\n"), "empty"},
        {CONTENT("\r\n"), "empty"},
        {CONTENT("secret\n\n"), "byte 7 of its 7"},
        {CONTENT("secret\r"), "byte 7 of its 7"},
        {CONTENT("secret\r\r\n"), "byte 7 of its 7"},
        {CONTENT("\nsecret"), "byte 1 of its 7"},
        {CONTENT("sec\0ret"), "byte 4 of its 7"},
        {CONTENT("secret\tsecret"), "visible ASCII"},
        {CONTENT("secret secret"), "visible ASCII"},
        {CONTENT("secret\x7f"), "visible ASCII"},
        {CONTENT("secr\xc3\xa9t"), "visible ASCII"},
    };
#undef CONTENT
    struct trial trial;
    prepare(&trial);
    for (size_t i = 0; i < array_length(files); i++) {
        write_file(trial.path, files[i].at, files[i].bytes);
        assert_refused(&trial, files[i].reason);
    }
    end(&trial);
}

static void a_file_of_any_size_above_the_limit_is_refused(void **state)
{
    (void)state;
    static const size_t above[] = {1, 2, 3, 4, 100000};
    struct trial trial;
    prepare(&trial);
    for (size_t i = 0; i < array_length(above); i++) {
        size_t bytes = CREDENTIAL_BYTES + above[i];
        char *content = malloc(bytes);
        memset(content, 't', bytes);
        write_file(trial.path, content, bytes);
        assert_refused(&trial, "more than the 32768 bytes");
        free(content);
    }
    end(&trial);
}

static void a_file_that_is_not_regular_is_refused_without_waiting(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial);
    assert_refused(&trial, "No such file");
    assert_int_equal(mkfifo(trial.path, 0600), 0);
    assert_refused(&trial, "regular");
    unlink(trial.path);
    assert_int_equal(mkdir(trial.path, 0700), 0);
    assert_refused(&trial, "regular");
    rmdir(trial.path);
    assert_int_equal(symlink("/dev/zero", trial.path), 0);
    assert_refused(&trial, "regular");
    end(&trial);
}

static void a_file_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial);
    write_token(&trial, "secret");
    assert_int_equal(chmod(trial.path, 0), 0);
    /* Nothing is forbidden to root. */
    const uid_t user = geteuid(), nobody = 65534;
    assert_int_equal(seteuid(user == 0 ? nobody : user), 0);
    assert_refused(&trial, "Permission denied");
    assert_int_equal(seteuid(user), 0);
    end(&trial);
}

static void a_rewrite_in_place_is_seen(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "first");
    write_token(&trial, "second");
    run_until_told(&trial, 2);
    assert_signs_with(&trial, "second");
    end(&trial);
}

static void a_file_moved_over_it_is_seen(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "first");
    write_file(beside(&trial, "fresh"), "second", 6);
    assert_int_equal(rename(beside(&trial, "fresh"), trial.path), 0);
    run_until_told(&trial, 2);
    assert_signs_with(&trial, "second");
    end(&trial);
}

/* kubelet's steps: a new folder, a link to it, moved over ..data, and the old folder removed. */
static void mount_token(const struct trial *trial, const char *folder, const char *token)
{
    char path[256];
    assert_int_equal(mkdir(beside(trial, folder), 0700), 0);
    snprintf(path, sizeof path, "%s/%s/token", trial->folder, folder);
    write_file(path, token, strlen(token));
    assert_int_equal(symlink(folder, beside(trial, "..data_tmp")), 0);
    snprintf(path, sizeof path, "%s/..data", trial->folder);
    assert_int_equal(rename(beside(trial, "..data_tmp"), path), 0);
}

static void kubelets_swap_is_seen_each_time(void **state)
{
    (void)state;
    static const char *const tokens[] = {"second", "third", "fourth"};
    struct trial trial;
    prepare(&trial);
    mount_token(&trial, "..2026_01_0", "first");
    assert_int_equal(symlink("..data/token", trial.path), 0);
    open_credential(&trial);
    assert_signs_with(&trial, "first");
    for (unsigned i = 0; i < array_length(tokens); i++) {
        char folder[32];
        snprintf(folder, sizeof folder, "..2026_01_%u", i + 1);
        mount_token(&trial, folder, tokens[i]);
        run_until_told(&trial, i + 2);
        assert_signs_with(&trial, tokens[i]);
    }
    end(&trial);
}

/* The folder that is watched goes with each swap, since the path leads through ..data. */
static void a_path_through_the_swapped_link_is_followed(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial);
    snprintf(trial.path, sizeof trial.path, "%s/..data/token", trial.folder);
    mount_token(&trial, "..2026_01_0", "first");
    open_credential(&trial);
    mount_token(&trial, "..2026_01_1", "second");
    unlink(beside(&trial, "..2026_01_0/token"));
    rmdir(beside(&trial, "..2026_01_0"));
    run_until_told(&trial, 2);
    assert_signs_with(&trial, "second");
    write_token(&trial, "third");
    run_until_told(&trial, 3);
    assert_signs_with(&trial, "third");
    end(&trial);
}

static void a_removed_file_keeps_the_last_good_token(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "first");
    unlink(trial.path);
    run_until_told(&trial, 2);
    assert_int_equal(trial.news, CREDENTIAL_REJECTED);
    assert_non_null(strstr(trial.why, "the last good token stays in use"));
    assert_true(credential_ready(trial.credential));
    assert_signs_with(&trial, "first");
    write_token(&trial, "second");
    run_until_told(&trial, 3);
    assert_signs_with(&trial, "second");
    end(&trial);
}

static void a_bad_file_keeps_the_last_good_token_and_its_end_is_reported(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "first");
    write_token(&trial, "bad token");
    run_until_told(&trial, 2);
    assert_int_equal(trial.news, CREDENTIAL_REJECTED);
    assert_signs_with(&trial, "first");
    write_token(&trial, "first");
    run_until_told(&trial, 3);
    assert_int_equal(trial.news, CREDENTIAL_LOADED);
    end(&trial);
}

static void a_file_that_appears_later_is_seen(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial);
    open_credential(&trial);
    assert_int_equal(trial.news, CREDENTIAL_REJECTED);
    assert_non_null(strstr(trial.why, "there is no good token"));
    assert_cannot_sign(&trial);
    write_token(&trial, "first");
    run_until_told(&trial, 2);
    assert_signs_with(&trial, "first");
    end(&trial);
}

static void a_folder_that_appears_later_is_seen_and_watched(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial);
    snprintf(trial.path, sizeof trial.path, "%s/later/token", trial.folder);
    open_credential(&trial);
    assert_cannot_sign(&trial);
    mkdir(beside(&trial, "later"), 0700);
    write_token(&trial, "first");
    run_until_told(&trial, 2);
    assert_signs_with(&trial, "first");
    write_token(&trial, "second");
    run_until_told(&trial, 3);
    assert_signs_with(&trial, "second");
    end(&trial);
}

static void a_folder_that_another_one_replaces_is_followed(void **state)
{
    (void)state;
    struct trial trial;
    char moved[256];
    prepare(&trial);
    snprintf(moved, sizeof moved, "%s/moved", trial.folder);
    snprintf(trial.path, sizeof trial.path, "%s/mount/token", trial.folder);
    mkdir(beside(&trial, "mount"), 0700);
    write_token(&trial, "first");
    open_credential(&trial);
    assert_int_equal(rename(beside(&trial, "mount"), moved), 0);
    mkdir(beside(&trial, "mount"), 0700);
    write_token(&trial, "second");
    run_until_told(&trial, 2);
    write_token(&trial, "third");
    run_until_told(&trial, 3);
    assert_signs_with(&trial, "third");
    end(&trial);
}

static void a_refused_token_is_read_again_and_the_same_problem_is_reported_once(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    begin(&trial, "first");
    write_token(&trial, "");
    run_until_told(&trial, 2);
    struct credential_snapshot *held = sign(&trial, &request);
    assert_false(credential_refresh(trial.credential, held));
    assert_int_equal(trial.told, 2);
    credential_release(held);
    end(&trial);
}

static void a_refresh_returns_whether_the_file_has_another_token(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    begin(&trial, "first");
    struct credential_snapshot *held = sign(&trial, &request);
    write_token(&trial, "second");
    assert_true(credential_refresh(trial.credential, held));
    assert_int_equal(trial.told, 2);
    assert_signs_with(&trial, "second");
    /* A snapshot that is held does not change. */
    assert_true(text_equal(request.fields[0].value, text_literal("first")));
    credential_release(held);
    end(&trial);
}

static void a_refresh_for_an_older_token_reads_nothing(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    begin(&trial, "first");
    struct credential_snapshot *held = sign(&trial, &request);
    write_token(&trial, "second");
    run_until_told(&trial, 2);
    write_token(&trial, "third");
    assert_true(credential_refresh(trial.credential, held));
    assert_signs_with(&trial, "second");
    credential_release(held);
    end(&trial);
}

static void a_file_that_changed_is_read_however_short_ago_it_was_read(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    begin(&trial, "first");
    struct credential_snapshot *held = sign(&trial, &request);
    assert_false(credential_refresh(trial.credential, held));
    write_token(&trial, "another");
    assert_true(credential_refresh(trial.credential, held));
    assert_signs_with(&trial, "another");
    credential_release(held);
    end(&trial);
}

struct refused {
    struct trial *trial;
    struct credential_snapshot *held;
    pthread_barrier_t *start;
    bool changed;
};

static void *refresh(void *context)
{
    struct refused *refused = context;
    pthread_barrier_wait(refused->start);
    refused->changed = credential_refresh(refused->trial->credential, refused->held);
    return NULL;
}

#define THREADS 4

static void calls_that_are_refused_together_all_get_the_new_token(void **state)
{
    (void)state;
    struct trial trial;
    struct http_request request;
    struct refused refused[THREADS];
    pthread_t threads[THREADS];
    pthread_barrier_t start;
    begin(&trial, "first");
    pthread_barrier_init(&start, NULL, THREADS);
    write_token(&trial, "second");
    for (size_t i = 0; i < THREADS; i++) {
        refused[i] = (struct refused){&trial, sign(&trial, &request), &start, false};
        pthread_create(&threads[i], NULL, refresh, &refused[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(refused[i].changed);
        credential_release(refused[i].held);
    }
    assert_int_equal(trial.told, 2);
    pthread_barrier_destroy(&start);
    end(&trial);
}

struct signer {
    struct credential *credential;
    atomic_bool *stop;
    size_t torn, signatures;
};

/* Each token is one letter again and again, as often as its alphabet's place times 100. */
static bool is_whole(struct text token)
{
    for (size_t i = 1; i < token.size; i++)
        if (token.data[i] != token.data[0])
            return false;
    return token.size == 100U * (unsigned)(token.data[0] - 'a' + 1);
}

static void *sign_on_and_on(void *context)
{
    struct signer *signer = context;
    while (!atomic_load(signer->stop)) {
        struct http_request request = {0};
        struct credential_snapshot *held;
        struct status status;
        if (!credential_sign(signer->credential, &request, &held, &status))
            continue;
        signer->torn += !is_whole(request.fields[0].value);
        signer->signatures++;
        credential_release(held);
    }
    return NULL;
}

static void write_letter(const struct trial *trial, char letter)
{
    char token[2600];
    size_t bytes = 100U * (unsigned)(letter - 'a' + 1);
    memset(token, letter, bytes);
    write_file(beside(trial, "fresh"), token, bytes);
    assert_int_equal(rename(beside(trial, "fresh"), trial->path), 0);
}

static void tokens_that_change_while_threads_sign_are_always_whole(void **state)
{
    (void)state;
    struct trial trial;
    struct signer signers[THREADS];
    pthread_t threads[THREADS];
    atomic_bool stop = false;
    prepare(&trial);
    write_letter(&trial, 'a');
    open_credential(&trial);
    for (size_t i = 0; i < THREADS; i++) {
        signers[i] = (struct signer){trial.credential, &stop, 0, 0};
        pthread_create(&threads[i], NULL, sign_on_and_on, &signers[i]);
    }
    for (char letter = 'b'; letter <= 'z'; letter++) {
        write_letter(&trial, letter);
        run_until_told(&trial, (unsigned)(letter - 'a' + 1));
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
    struct credential_snapshot *held = sign(&trial, &request);
    end(&trial);
    assert_true(text_equal(request.fields[0].value, text_literal("first")));
    credential_release(held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_that_is_there_signs_from_the_start),
        cmocka_unit_test(a_full_request_is_not_signed),
        cmocka_unit_test(exactly_one_line_end_is_trimmed),
        cmocka_unit_test(a_text_that_cannot_be_a_token_is_refused),
        cmocka_unit_test(a_file_of_any_size_above_the_limit_is_refused),
        cmocka_unit_test(a_file_that_is_not_regular_is_refused_without_waiting),
        cmocka_unit_test(a_file_that_cannot_be_read_is_refused),
        cmocka_unit_test(a_rewrite_in_place_is_seen),
        cmocka_unit_test(a_file_moved_over_it_is_seen),
        cmocka_unit_test(kubelets_swap_is_seen_each_time),
        cmocka_unit_test(a_path_through_the_swapped_link_is_followed),
        cmocka_unit_test(a_removed_file_keeps_the_last_good_token),
        cmocka_unit_test(a_bad_file_keeps_the_last_good_token_and_its_end_is_reported),
        cmocka_unit_test(a_file_that_appears_later_is_seen),
        cmocka_unit_test(a_folder_that_appears_later_is_seen_and_watched),
        cmocka_unit_test(a_folder_that_another_one_replaces_is_followed),
        cmocka_unit_test(a_refused_token_is_read_again_and_the_same_problem_is_reported_once),
        cmocka_unit_test(a_refresh_returns_whether_the_file_has_another_token),
        cmocka_unit_test(a_refresh_for_an_older_token_reads_nothing),
        cmocka_unit_test(a_file_that_changed_is_read_however_short_ago_it_was_read),
        cmocka_unit_test(calls_that_are_refused_together_all_get_the_new_token),
        cmocka_unit_test(tokens_that_change_while_threads_sign_are_always_whole),
        cmocka_unit_test(a_snapshot_that_is_held_outlives_the_credential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
