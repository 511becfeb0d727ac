/* SPDX-License-Identifier: MIT */
/* Is exactly a token taken from a file, and is the reason named when there is none? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/source_file.h"
#include "credential_trial.h"

#include "base/banned.h"

static char token[SOURCE_FILE_BYTES];

static void one_line_end_is_trimmed(void **state)
{
    (void)state;
    static const struct {
        size_t token_bytes;
        const char *line_end;
    } files[] = {
        {5, ""},
        {5, "\n"},
        {5, "\r\n"},
        {CREDENTIAL_BYTES, ""},
        {CREDENTIAL_BYTES, "\n"},
        {CREDENTIAL_BYTES, "\r\n"},
    };
    struct trial trial;
    prepare(&trial, "token");
    for (size_t i = 0; i < array_length(files); i++) {
        static char content[CREDENTIAL_BYTES + 16];
        struct status status;
        size_t bytes = 0;
        memset(content, 't', files[i].token_bytes);
        snprintf(content + files[i].token_bytes, 16, "%s", files[i].line_end);
        write_token(&trial, content);
        assert_true(source_file_read(trial.path, token, &bytes, &status));
        assert_int_equal(bytes, files[i].token_bytes);
    }
    end(&trial);
}

/* The message names the file, and nothing of its content. */
static void assert_rejected(const struct trial *trial, const char *reason)
{
    struct status status;
    size_t bytes = 77;
    assert_false(source_file_read(trial->path, token, &bytes, &status));
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_int_equal(bytes, 77);
    assert_non_null(strstr(status.message, trial->path));
    assert_non_null(strstr(status.message, reason));
    assert_null(strstr(status.message, "secret"));
}

static void content_that_is_not_a_token_is_rejected(void **state)
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
        {CONTENT("secret\n\n"), "byte 7 of 7"},
        {CONTENT("secret\r"), "byte 7 of 7"},
        {CONTENT("secret\r\r\n"), "byte 7 of 7"},
        {CONTENT("\nsecret"), "byte 1 of 7"},
        {CONTENT("sec\0ret"), "byte 4 of 7"},
        {CONTENT("secret\tsecret"), "visible ASCII"},
        {CONTENT("secret secret"), "visible ASCII"},
        {CONTENT("secret\x7f"), "visible ASCII"},
        {CONTENT("secr\xc3\xa9t"), "visible ASCII"},
    };
#undef CONTENT
    struct trial trial;
    prepare(&trial, "token");
    for (size_t i = 0; i < array_length(files); i++) {
        write_file(trial.path, files[i].at, files[i].bytes);
        assert_rejected(&trial, files[i].reason);
    }
    end(&trial);
}

static void a_file_of_any_size_above_the_limit_is_rejected(void **state)
{
    (void)state;
    static const size_t above[] = {1, 2, 3, 4, 100000};
    struct trial trial;
    prepare(&trial, "token");
    for (size_t i = 0; i < array_length(above); i++) {
        size_t bytes = CREDENTIAL_BYTES + above[i];
        char *content = malloc(bytes);
        memset(content, 't', bytes);
        write_file(trial.path, content, bytes);
        assert_rejected(&trial, "longer than 32768 bytes");
        free(content);
    }
    end(&trial);
}

static void a_file_that_is_not_regular_is_rejected_without_waiting(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, "token");
    assert_rejected(&trial, "No such file");
    assert_int_equal(mkfifo(trial.path, 0600), 0);
    assert_rejected(&trial, "regular");
    unlink(trial.path);
    assert_int_equal(mkdir(trial.path, 0700), 0);
    assert_rejected(&trial, "regular");
    rmdir(trial.path);
    assert_int_equal(symlink("/dev/zero", trial.path), 0);
    assert_rejected(&trial, "regular");
    end(&trial);
}

static void a_file_that_cannot_be_read_is_rejected(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, "token");
    write_token(&trial, "secret");
    assert_int_equal(chmod(trial.path, 0), 0);
    /* Nothing is forbidden to root. */
    const uid_t user = geteuid(), nobody = 65534;
    assert_int_equal(seteuid(user == 0 ? nobody : user), 0);
    assert_rejected(&trial, "Permission denied");
    assert_int_equal(seteuid(user), 0);
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_end_is_trimmed),
        cmocka_unit_test(content_that_is_not_a_token_is_rejected),
        cmocka_unit_test(a_file_of_any_size_above_the_limit_is_rejected),
        cmocka_unit_test(a_file_that_is_not_regular_is_rejected_without_waiting),
        cmocka_unit_test(a_file_that_cannot_be_read_is_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
