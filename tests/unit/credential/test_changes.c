/* SPDX-License-Identifier: MIT */
/* Is the newest valid token in use, whatever happens to its file? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential_trial.h"

#include "base/banned.h"

/* A change of the token file. */
typedef void change(const struct trial *trial, const char *token);

static void move_over(const struct trial *trial, const char *token)
{
    write_file(in_folder(trial, "fresh"), token, strlen(token));
    assert_int_equal(rename(in_folder(trial, "fresh"), trial->path), 0);
}

static void remove_file(const struct trial *trial, const char *token)
{
    (void)token;
    assert_int_equal(unlink(trial->path), 0);
}

static void make_folder(const struct trial *trial, const char *token)
{
    char folder[128];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(trial->path, '/') - trial->path),
             trial->path);
    assert_int_equal(mkdir(folder, 0700), 0);
    write_token(trial, token);
}

static void replace_folder(const struct trial *trial, const char *token)
{
    char folder[128];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(trial->path, '/') - trial->path),
             trial->path);
    assert_int_equal(rename(folder, in_folder(trial, "moved")), 0);
    make_folder(trial, token);
}

/* kubelet's steps: a new folder, a link to it that is moved over ..data, and the old folder
 * removed. The folder is named after its token. */
static void mount_token(const struct trial *trial, const char *token)
{
    char data[128], path[256], last[64];
    snprintf(data, sizeof data, "%s/..data", trial->folder);
    ssize_t bytes = readlink(data, last, sizeof last - 1);
    assert_int_equal(mkdir(in_folder(trial, token), 0700), 0);
    snprintf(path, sizeof path, "%s/%s/token", trial->folder, token);
    write_file(path, token, strlen(token));
    assert_int_equal(symlink(token, in_folder(trial, "..data_tmp")), 0);
    assert_int_equal(rename(in_folder(trial, "..data_tmp"), data), 0);
    if (bytes < 0)
        return;
    last[bytes] = '\0';
    snprintf(path, sizeof path, "%s/%s/token", trial->folder, last);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(in_folder(trial, last)), 0);
}

static void mount_with_link(const struct trial *trial, const char *token)
{
    mount_token(trial, token);
    assert_int_equal(symlink("..data/token", trial->path), 0);
}

struct step {
    change *change;
    const char *token;     /* the file's new content */
    const char *in_use;    /* afterwards; NULL: no token is */
    const char *rejection; /* in the report; NULL: a token was loaded */
};

#define MOST_STEPS 4

/* The first step happens before the credential is opened. */
static const struct scenario {
    const char *name, *path;
    struct step steps[MOST_STEPS];
} scenarios[] = {
    {"a_rewrite_in_place_is_loaded",
     "token",
     {{write_token, "first", "first", NULL}, {write_token, "second", "second", NULL}}},
    {"a_file_that_is_moved_over_it_is_loaded",
     "token",
     {{write_token, "first", "first", NULL}, {move_over, "second", "second", NULL}}},
    {"each_swap_of_kubelet_is_loaded",
     "token",
     {{mount_with_link, "first", "first", NULL},
      {mount_token, "second", "second", NULL},
      {mount_token, "third", "third", NULL},
      {mount_token, "fourth", "fourth", NULL}}},
    {"a_path_through_the_swapped_link_is_followed",
     "..data/token",
     {{mount_token, "first", "first", NULL},
      {mount_token, "second", "second", NULL},
      {write_token, "third", "third", NULL}}},
    {"a_removed_file_leaves_the_last_valid_token_in_use",
     "token",
     {{write_token, "first", "first", NULL},
      {remove_file, NULL, "first", "what was loaded before stays in use"},
      {write_token, "second", "second", NULL}}},
    {"a_bad_file_leaves_the_last_valid_token_in_use_and_its_end_is_reported",
     "token",
     {{write_token, "first", "first", NULL},
      {write_token, "bad token", "first", "not visible ASCII"},
      {write_token, "first", "first", NULL}}},
    {"a_file_that_appears_later_is_loaded",
     "token",
     {{NULL, NULL, NULL, "nothing is loaded"}, {write_token, "first", "first", NULL}}},
    {"a_folder_that_appears_later_is_watched",
     "later/token",
     {{NULL, NULL, NULL, "nothing is loaded"},
      {make_folder, "first", "first", NULL},
      {write_token, "second", "second", NULL}}},
    {"a_folder_that_replaces_another_is_watched",
     "mount/token",
     {{make_folder, "first", "first", NULL},
      {replace_folder, "second", "second", NULL},
      {write_token, "third", "third", NULL}}},
};

static void expect(struct trial *trial, const struct step *step)
{
    assert_int_equal(trial->result, step->rejection ? RELOAD_REJECTED : RELOAD_LOADED);
    if (step->rejection && !strstr(trial->message, step->rejection))
        fail_msg("%s", trial->message);
    if (step->in_use)
        assert_signs_with(trial, step->in_use);
    else
        assert_cannot_sign(trial);
}

static void run_scenario(void **state)
{
    const struct scenario *scenario = *state;
    const struct step *steps = scenario->steps;
    struct trial trial;
    prepare(&trial, scenario->path);
    if (steps[0].change)
        steps[0].change(&trial, steps[0].token);
    open_credential(&trial);
    expect(&trial, &steps[0]);
    for (unsigned i = 1; i < MOST_STEPS && steps[i].change; i++) {
        steps[i].change(&trial, steps[i].token);
        run_until_reported(&trial, i + 1);
        expect(&trial, &steps[i]);
    }
    end(&trial);
}

int main(void)
{
    struct CMUnitTest tests[array_length(scenarios)];
    for (size_t i = 0; i < array_length(scenarios); i++)
        tests[i] = (struct CMUnitTest){.name = scenarios[i].name,
                                       .test_func = run_scenario,
                                       .initial_state = (void *)(uintptr_t)&scenarios[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
