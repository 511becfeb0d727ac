/* SPDX-License-Identifier: MIT */
/* Is an access key read whole and of one revision, from a folder or a file? */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "credential/key_values.h"
#include "credential/keys.h"

#include "base/banned.h"

struct reading {
    char folder[64], path[96]; /* `path` is that of --keys, in the folder */
    struct arena arena;
    bool good;
    struct issued issued;
    struct status status;
};

static int set_up(void **state)
{
    struct reading *reading = calloc(1, sizeof *reading);
    snprintf(reading->folder, sizeof reading->folder, "/tmp/keys-XXXXXX");
    assert_non_null(mkdtemp(reading->folder));
    snprintf(reading->path, sizeof reading->path, "%s/keys", reading->folder);
    *state = reading;
    return 0;
}

static int remove_one(const char *path, const struct stat *file, int type, struct FTW *walk)
{
    (void)file, (void)type, (void)walk;
    return remove(path);
}

static int clean_up(void **state)
{
    struct reading *reading = *state;
    arena_clear(&reading->arena);
    nftw(reading->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(reading);
    return 0;
}

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, strlen(content), file), strlen(content));
    assert_int_equal(fclose(file), 0);
}

static void write_keys(const struct reading *reading, const char *content)
{
    write_file(reading->path, content);
}

static void make_folder(const struct reading *reading)
{
    assert_int_equal(mkdir(reading->path, 0700), 0);
}

static void write_part(const struct reading *reading, const char *name, const char *content)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", reading->path, name);
    write_file(path, content);
}

static void read_keys(struct reading *reading)
{
    arena_clear(&reading->arena);
    arena_init(&reading->arena, 1U << 20);
    reading->good = keys_read(reading->path, &reading->arena, &reading->issued, &reading->status);
}

static void assert_read(struct reading *reading, const char *access, const char *secret,
                        const char *security_token)
{
    const struct issued *issued = &reading->issued;
    read_keys(reading);
    if (!reading->good)
        fail_msg("%s", reading->status.message);
    assert_int_equal(issued->kind, ISSUED_KEY);
    assert_true(text_equal(issued->access, text_of(access)));
    assert_true(text_equal(issued->secret, text_of(secret)));
    assert_true(text_equal(issued->security, text_of(security_token)));
}

static void assert_refused(struct reading *reading, const char *reason)
{
    const struct status *status = &reading->status;
    read_keys(reading);
    assert_false(reading->good);
    assert_int_equal(status->code, STATUS_UNAVAILABLE);
    assert_non_null(strstr(status->message, reading->path));
    if (!strstr(status->message, reason))
        fail_msg("%s", status->message);
}

static void a_folder_is_read(void **state)
{
    make_folder(*state);
    write_part(*state, "ak", "AK\n");
    write_part(*state, "sk", "secret\r\n");
    assert_read(*state, "AK", "secret", "");
}

static void a_temporary_key_is_read(void **state)
{
    make_folder(*state);
    write_part(*state, "ak", "AK");
    write_part(*state, "sk", "secret");
    write_part(*state, "security_token", "gQpj==\n");
    assert_read(*state, "AK", "secret", "gQpj==");
}

static void a_file_of_the_sdks_is_read(void **state)
{
    write_keys(*state, "[basic]\nak = AK\nsk = secret\n");
    assert_read(*state, "AK", "secret", "");
}

static void nothing_there_is_a_refusal_that_says_what_to_mount(void **state)
{
    assert_refused(*state, "mount a Secret with the keys ak and sk there");
}

static void a_missing_part_is_named(void **state)
{
    make_folder(*state);
    write_part(*state, "ak", "AK");
    assert_refused(*state, "sk: No such file");
    write_part(*state, "sk", "");
    assert_refused(*state, "sk is missing or empty");
}

static void a_part_that_is_not_a_file_is_refused(void **state)
{
    char path[512];
    struct reading *reading = *state;
    make_folder(reading);
    write_part(reading, "ak", "AK");
    write_part(reading, "sk", "secret");
    snprintf(path, sizeof path, "%s/security_token", reading->path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(reading, "security_token: not a regular file");
}

static void long_content_is_refused(void **state)
{
    static char content[KEY_INI_BYTES + 8];
    struct reading *reading = *state;
    memset(content, 'x', sizeof content - 1);
    write_keys(reading, content);
    assert_refused(reading, "larger than");
    assert_int_equal(unlink(reading->path), 0);
    make_folder(reading);
    write_part(reading, "ak", content);
    write_part(reading, "sk", "secret");
    assert_refused(reading, "ak is longer than");
}

static const char *const parts[] = {"ak", "sk", "security_token"};

/* Every other revision has a security token. */
static size_t count_parts(const char *revision)
{
    return revision[strlen(revision) - 1] % 2 ? 2 : 3;
}

/* kubelet's mount: links to ..data, which leads to a folder for each revision. */
static void mount_revision(const struct reading *reading, const char *revision)
{
    char path[256], last[64] = "", data[256], fresh[256];
    const char *folder = reading->path;
    snprintf(data, sizeof data, "%s/..data", folder);
    snprintf(fresh, sizeof fresh, "%s/..data_tmp", folder);
    ssize_t size = readlink(data, last, sizeof last - 1);
    snprintf(path, sizeof path, "%s/%s", folder, revision);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < count_parts(revision); i++) {
        snprintf(path, sizeof path, "%s/%s", revision, parts[i]);
        write_part(reading, path, revision);
    }
    assert_int_equal(symlink(revision, fresh), 0);
    assert_int_equal(rename(fresh, data), 0);
    if (size < 0)
        return;
    for (size_t i = 0; i < count_parts(last); i++) {
        snprintf(path, sizeof path, "%s/%s/%s", folder, last, parts[i]);
        assert_int_equal(unlink(path), 0);
    }
    snprintf(path, sizeof path, "%s/%s", folder, last);
    assert_int_equal(rmdir(path), 0);
}

static void mount_first(const struct reading *reading)
{
    char path[512], target[64];
    make_folder(reading);
    mount_revision(reading, "1000");
    for (size_t i = 0; i < array_length(parts); i++) {
        snprintf(path, sizeof path, "%s/%s", reading->path, parts[i]);
        snprintf(target, sizeof target, "..data/%s", parts[i]);
        assert_int_equal(symlink(target, path), 0);
    }
}

static void a_mounted_secret_is_read(void **state)
{
    mount_first(*state);
    assert_read(*state, "1000", "1000", "1000");
    mount_revision(*state, "1001");
    assert_read(*state, "1001", "1001", "");
}

struct swapping {
    const struct reading *reading;
    atomic_bool ends;
};

static void *swap_often(void *context)
{
    struct swapping *swapping = context;
    for (unsigned i = 1001; !atomic_load(&swapping->ends); i++) {
        char revision[16];
        snprintf(revision, sizeof revision, "%u", i);
        mount_revision(swapping->reading, revision);
    }
    return NULL;
}

static bool is_of_one_revision(const struct issued *issued)
{
    char revision[16];
    snprintf(revision, sizeof revision, "%.*s", text_arguments(issued->access));
    return text_equal(issued->secret, text_of(revision)) &&
           text_equal(issued->security, text_of(count_parts(revision) > 2 ? revision : ""));
}

static void the_parts_of_a_key_are_of_one_revision(void **state)
{
    pthread_t thread;
    struct reading *reading = *state;
    struct swapping swapping = {.reading = reading};
    unsigned good = 0, mixed = 0;
    mount_first(reading);
    assert_int_equal(pthread_create(&thread, NULL, swap_often, &swapping), 0);
    for (unsigned i = 0; i < 20000; i++) {
        read_keys(reading);
        good += reading->good;
        mixed += reading->good && !is_of_one_revision(&reading->issued);
    }
    atomic_store(&swapping.ends, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(good > 0);
    assert_int_equal(mixed, 0);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, clean_up)
    const struct CMUnitTest tests[] = {
        ROW(a_folder_is_read),
        ROW(a_temporary_key_is_read),
        ROW(a_file_of_the_sdks_is_read),
        ROW(nothing_there_is_a_refusal_that_says_what_to_mount),
        ROW(a_missing_part_is_named),
        ROW(a_part_that_is_not_a_file_is_refused),
        ROW(long_content_is_refused),
        ROW(a_mounted_secret_is_read),
        ROW(the_parts_of_a_key_are_of_one_revision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
