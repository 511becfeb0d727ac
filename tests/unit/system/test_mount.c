/* SPDX-License-Identifier: MIT */
/* Is a file known that no other can replace? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#include "system/mount.h"

#include "base/banned.h"

static void make_file(char *path)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
}

static void a_file_without_a_name_is_pinned(void **state)
{
    (void)state;
    char path[] = "/tmp/mount of a file-XXXXXX", open_file[64];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    snprintf(open_file, sizeof open_file, "/proc/self/fd/%d", fd);
    assert_false(mount_pins_file(open_file));
    unlink(path);
    assert_true(mount_pins_file(open_file));
    close(fd);
}

static void other_files_folders_and_what_is_not_there_are_not(void **state)
{
    (void)state;
    assert_false(mount_pins_file("/proc/version"));
    assert_false(mount_pins_file("/proc"));
    assert_false(mount_pins_file("/"));
    assert_false(mount_pins_file("/nowhere"));
}

/* Needs the right to mount in a namespace of its own. */
static void a_file_that_is_a_mount_point_is_pinned(void **state)
{
    (void)state;
    char path[] = "/tmp/mount of a file-XXXXXX", source[] = "/tmp/source-XXXXXX",
         link[] = "/tmp/link-XXXXXX";
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        skip();
    make_file(path);
    make_file(source);
    make_file(link);
    unlink(link);
    assert_int_equal(symlink(path, link), 0);
    assert_false(mount_pins_file(link));
    assert_int_equal(mount(source, path, NULL, MS_BIND, NULL), 0);
    assert_true(mount_pins_file(path));
    assert_true(mount_pins_file(link));
    assert_false(mount_pins_file(source));
    umount(path);
    unlink(path);
    unlink(source);
    unlink(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_without_a_name_is_pinned),
        cmocka_unit_test(other_files_folders_and_what_is_not_there_are_not),
        cmocka_unit_test(a_file_that_is_a_mount_point_is_pinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
