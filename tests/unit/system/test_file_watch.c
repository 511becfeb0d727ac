/* SPDX-License-Identifier: MIT */
/* Is each change of a file reported, also on file systems without notifications? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop.h"
#include "system/file_watch.h"

#define SOON_US 1000
#define NEVER_S 1000

struct trial {
    char folder[32], path[64];
    const char *paths[3];
    struct event_base *loop;
    struct file_watch *watch;
    unsigned reports;
};

static void on_report(void *context)
{
    struct trial *trial = context;
    trial->reports++;
}

/* As one of several files. */
static void watch_path(struct trial *trial, const struct file_watch_pace *pace)
{
    struct status status;
    trial->paths[0] = "/proc/version";
    trial->paths[2] = trial->path;
    const struct file_watch_plan plan = {trial->paths, array_length(trial->paths), pace, on_report,
                                         trial};
    assert_true(file_watch_open(&plan, trial->loop, &trial->watch, &status));
}

static void begin(struct trial *trial, const char *name, const struct file_watch_pace *pace)
{
    *trial = (struct trial){.folder = "/tmp/file_watch-XXXXXX", .loop = event_base_new()};
    assert_non_null(mkdtemp(trial->folder));
    snprintf(trial->path, sizeof trial->path, "%s/%s", trial->folder, name);
    watch_path(trial, pace);
}

static void end(struct trial *trial)
{
    file_watch_free(trial->watch);
    event_base_free(trial->loop);
    rmdir(trial->folder);
}

static void make_file(const struct trial *trial)
{
    FILE *file = fopen(trial->path, "we");
    assert_non_null(file);
    fclose(file);
}

static void a_change_is_reported_soon(void **state)
{
    (void)state;
    static const struct file_watch_pace pace = {
        {.tv_usec = SOON_US}, {.tv_sec = NEVER_S}, {.tv_sec = NEVER_S}};
    struct trial trial;
    begin(&trial, "token", &pace);
    make_file(&trial);
    loop_until(trial.loop, trial.reports > 0);
    unlink(trial.path);
    end(&trial);
}

static void a_change_without_a_notification_is_found_after_a_while(void **state)
{
    (void)state;
    static const struct file_watch_pace pace = {
        {.tv_sec = NEVER_S}, {.tv_usec = SOON_US}, {.tv_sec = NEVER_S}};
    struct trial trial;
    begin(&trial, "token", &pace);
    loop_until(trial.loop, trial.reports > 3);
    end(&trial);
}

static void a_folder_that_does_not_exist_is_waited_for(void **state)
{
    (void)state;
    static const struct file_watch_pace pace = {
        {.tv_usec = SOON_US}, {.tv_sec = NEVER_S}, {.tv_usec = SOON_US}};
    struct trial trial;
    char folder[64];
    begin(&trial, "later/token", &pace);
    loop_until(trial.loop, trial.reports > 3);
    snprintf(folder, sizeof folder, "%s/later", trial.folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    /* Once the folder is found, only a change is reported. */
    unsigned before;
    do {
        before = trial.reports;
        loop_turn(trial.loop);
    } while (trial.reports != before);
    make_file(&trial);
    loop_until(trial.loop, trial.reports > before);
    unlink(trial.path);
    rmdir(folder);
    end(&trial);
}

static void put(const struct trial *trial, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", trial->folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(const struct trial *trial, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", trial->folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* A link that takes the place of what was there. */
static void make_link(const struct trial *trial, const char *name, const char *target)
{
    char path[128], fresh[140];
    snprintf(path, sizeof path, "%s/%s", trial->folder, name);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    assert_int_equal(symlink(target, fresh), 0);
    assert_int_equal(rename(fresh, path), 0);
}

/* A change is reported, and nothing is reported without one. */
static void expect_report(struct trial *trial, const char *name)
{
    unsigned before;
    do {
        before = trial->reports;
        for (int i = 0; i < 20; i++)
            loop_turn(trial->loop);
    } while (trial->reports != before);
    put(trial, name, "changed");
    loop_until(trial->loop, trial->reports > before);
}

static void remove_all(const struct trial *trial, const char *const *names, size_t count)
{
    char path[128];
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", trial->folder, names[i]);
        assert_int_equal(remove(path), 0);
    }
}

static void a_file_behind_links_into_other_folders_is_watched_where_it_is(void **state)
{
    (void)state;
    static const struct file_watch_pace pace = {
        {.tv_usec = SOON_US}, {.tv_sec = NEVER_S}, {.tv_sec = NEVER_S}};
    static const char *const names[] = {"own/token", "own", "way",         "first/token",
                                        "first",     "two", "second/last", "second"};
    struct trial trial = {.folder = "/tmp/file_watch-XXXXXX"};
    assert_non_null(mkdtemp(trial.folder));
    make_folder(&trial, "own");
    make_folder(&trial, "first");
    make_folder(&trial, "second");
    make_link(&trial, "own/token", "../way/token");
    make_link(&trial, "way", "first");
    put(&trial, "first/token", "1");
    trial.loop = event_base_new();
    snprintf(trial.path, sizeof trial.path, "%s/own/token", trial.folder);
    watch_path(&trial, &pace);
    expect_report(&trial, "first/token");
    make_link(&trial, "way", "second");
    make_link(&trial, "two", "first");
    expect_report(&trial, "second/last");
    make_link(&trial, "own/token", "../second/last");
    expect_report(&trial, "second/last");
    remove_all(&trial, names, array_length(names));
    end(&trial);
}

/* The documents promise this for file systems that report no changes. */
static void a_file_is_reported_every_half_minute_at_least(void **state)
{
    (void)state;
    assert_in_range(file_watch_default_pace.while_watching.tv_sec, 1, 30);
    assert_in_range(file_watch_default_pace.while_blind.tv_sec, 1, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_reported_soon),
        cmocka_unit_test(a_change_without_a_notification_is_found_after_a_while),
        cmocka_unit_test(a_folder_that_does_not_exist_is_waited_for),
        cmocka_unit_test(a_file_behind_links_into_other_folders_is_watched_where_it_is),
        cmocka_unit_test(a_file_is_reported_every_half_minute_at_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
