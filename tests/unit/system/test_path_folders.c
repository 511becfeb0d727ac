/* SPDX-License-Identifier: MIT */
/* Which folders decide where a path leads? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "system/path_folders.h"

#include "base/banned.h"

struct folders {
    char list[4096];
    unsigned count;
};

static void note(const char *folder, void *context)
{
    struct folders *folders = context;
    size_t used = strlen(folders->list);
    folders->count++;
    snprintf(folders->list + used, sizeof folders->list - used, "%s%s", used ? " " : "", folder);
}

static void expect(const char *path, const char *list)
{
    struct folders folders = {.count = 0};
    path_folders_visit(path, note, &folders);
    assert_string_equal(folders.list, list);
}

static int enter_tree(void **state)
{
    static char folder[] = "/tmp/path_folders-XXXXXX";
    *state = mkdtemp(folder);
    return !*state || chdir(*state) != 0 || mkdir("real", 0700) != 0 ||
           symlink("real", "way") != 0 || symlink("../real/file", "real/near") != 0 ||
           symlink("/proc/version", "far") != 0 || symlink("gone/file", "dangling") != 0 ||
           symlink("loop", "loop") != 0;
}

static int leave_tree(void **state)
{
    static const char *const names[] = {"real/near", "way", "far", "dangling", "loop", "real"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        remove(names[i]);
    return chdir("/") != 0 || rmdir(*state) != 0;
}

static void the_folders_of_all_links_and_of_the_file_are_visited(void **state)
{
    (void)state;
    expect("file", ".");
    expect("real/file", "real");
    expect("real//file", "real");
    expect("./real/../file", "./real/..");
    expect("/proc/version", "/proc");
    expect("far", ". . /proc");
    expect("real/near", "real real real/../real");
    expect("way/file", ". . way");
    expect("way/near", ". . way way way/../real");
    expect("dangling", ". . ./gone");
    expect("nowhere/file", "nowhere");
}

static void a_way_without_an_end_is_left_after_as_many_links_as_linux_follows(void **state)
{
    (void)state;
    struct folders folders = {.count = 0};
    path_folders_visit("loop", note, &folders);
    assert_in_range(folders.count, 40, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_folders_of_all_links_and_of_the_file_are_visited),
        cmocka_unit_test(a_way_without_an_end_is_left_after_as_many_links_as_linux_follows),
    };
    return cmocka_run_group_tests(tests, enter_tree, leave_tree);
}
