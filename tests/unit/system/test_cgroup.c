/* SPDX-License-Identifier: MIT */
/* Is the memory limit of the control groups found, as each kind of machine shows it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "system/cgroup.h"

#include "base/banned.h"

#define MIB (UINT64_C(1) << 20)
#define NO_LIMIT_V1 "9223372036854771712\n"

struct trial {
    char folder[32], membership[64], root[64];
};

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
}

static void write_file(const char *folder, const char *name, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    make_folders(path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static int begin(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    snprintf(trial->folder, sizeof trial->folder, "/tmp/cgroup-XXXXXX");
    if (!mkdtemp(trial->folder))
        return -1;
    snprintf(trial->membership, sizeof trial->membership, "%s/self", trial->folder);
    snprintf(trial->root, sizeof trial->root, "%s/root", trial->folder);
    *state = trial;
    return 0;
}

static int end(void **state)
{
    struct trial *trial = *state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", trial->folder);
    int result = system(command);
    free(trial);
    return result;
}

static void belong_to(const struct trial *trial, const char *lines)
{
    write_file(trial->folder, "self", lines);
}

static void limit(const struct trial *trial, const char *file, const char *content)
{
    write_file(trial->root, file, content);
}

static uint64_t found(const struct trial *trial)
{
    return cgroup_memory_limit(trial->membership, trial->root);
}

static void version_2_has_memory_max(void **state)
{
    belong_to(*state, "0::/pod/sidecar\n");
    limit(*state, "pod/sidecar/memory.max", "134217728\n");
    assert_int_equal(found(*state), 128 * MIB);
}

static void version_1_has_limit_in_bytes_below_its_controller(void **state)
{
    belong_to(*state, "5:devices:/other\n4:cpu,memory:/pod/sidecar\n0::/\n");
    limit(*state, "memory/pod/sidecar/memory.limit_in_bytes", "134217728\n");
    limit(*state, "memory/other/memory.limit_in_bytes", "1\n");
    assert_int_equal(found(*state), 128 * MIB);
}

static void a_controller_whose_name_only_begins_alike_is_another(void **state)
{
    belong_to(*state, "4:memory_recursive,mem:/pod\n");
    limit(*state, "memory/pod/memory.limit_in_bytes", "134217728\n");
    assert_int_equal(found(*state), 0);
}

static void the_smallest_limit_on_the_way_up_counts(void **state)
{
    belong_to(*state, "0::/slice/pod/sidecar\n");
    limit(*state, "memory.max", "max\n");
    limit(*state, "slice/memory.max", "268435456\n");
    limit(*state, "slice/pod/memory.max", "134217728\n");
    limit(*state, "slice/pod/sidecar/memory.max", "536870912\n");
    assert_int_equal(found(*state), 128 * MIB);
}

static void a_container_whose_own_group_is_the_root_has_the_limit_of_the_root(void **state)
{
    belong_to(*state, "0::/kubepods/pod7/8\n4:memory:/kubepods/pod7/8\n");
    limit(*state, "memory.max", "134217728\n");
    assert_int_equal(found(*state), 128 * MIB);
    limit(*state, "memory/memory.limit_in_bytes", "67108864\n");
    assert_int_equal(found(*state), 64 * MIB);
}

static void a_root_without_a_path_is_read(void **state)
{
    belong_to(*state, "0::/\n");
    limit(*state, "memory.max", "134217728\n");
    assert_int_equal(found(*state), 128 * MIB);
}

static void no_limit_is_none(void **state)
{
    belong_to(*state, "0::/pod\n4:memory:/pod\n");
    assert_int_equal(found(*state), 0);
    limit(*state, "pod/memory.max", "max\n");
    limit(*state, "memory/pod/memory.limit_in_bytes", NO_LIMIT_V1);
    assert_int_equal(found(*state), 0);
}

static void content_that_is_not_a_limit_is_none(void **state)
{
    static const char *const contents[] = {"", "\n", "many\n", "99999999999999999999999\n"};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        belong_to(*state, "0::/pod\n");
        limit(*state, "pod/memory.max", contents[i]);
        assert_int_equal(found(*state), 0);
    }
}

static void lines_that_cannot_be_read_are_skipped(void **state)
{
    belong_to(*state, "\nnothing\n7\n0:\n0::/pod");
    limit(*state, "pod/memory.max", "134217728");
    assert_int_equal(found(*state), 128 * MIB);
}

static void a_process_without_groups_has_no_limit(void **state)
{
    assert_int_equal(found(*state), 0);
}

#define TRIAL(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRIAL(version_2_has_memory_max),
        TRIAL(version_1_has_limit_in_bytes_below_its_controller),
        TRIAL(a_controller_whose_name_only_begins_alike_is_another),
        TRIAL(the_smallest_limit_on_the_way_up_counts),
        TRIAL(a_container_whose_own_group_is_the_root_has_the_limit_of_the_root),
        TRIAL(a_root_without_a_path_is_read),
        TRIAL(no_limit_is_none),
        TRIAL(content_that_is_not_a_limit_is_none),
        TRIAL(lines_that_cannot_be_read_are_skipped),
        TRIAL(a_process_without_groups_has_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
