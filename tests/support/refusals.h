/* SPDX-License-Identifier: MIT */
/* Folders of descriptor sets that must be refused: each source has a line "refused: MESSAGE", and
 * protoc made a set of it (tests/unit/schema/CMakeLists.txt). Include cmocka.h first. */
#pragma once

#include <dirent.h>

#include "sets.h"

typedef bool refusals_build(struct text set, struct schema **schema, struct status *status);

/* The rest of the line behind "refused: ". */
static inline void refusals_expected(struct text source, char *expected, size_t room)
{
    const char *at = memmem(source.data, source.size, "refused: ", 9);
    assert_non_null(at);
    struct text line = text_until(text_skip(source, (size_t)(at + 9 - source.data)), '\n');
    assert_true(line.size < room);
    snprintf(expected, room, "%.*s", text_arguments(line));
}

static inline void refusals_check_file(const char *folder, const char *file, refusals_build *build)
{
    char path[512], expected[512];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    struct text source = sets_read(TESTS_DIR "/unit/schema", path);
    refusals_expected(source, expected, sizeof expected);
    snprintf(path, sizeof path, "%s/%.*s.binpb", folder, (int)strcspn(file, "."), file);
    struct text set = sets_read(SETS_DIR, path);
    struct schema *schema = NULL;
    struct status status;
    if (build(set, &schema, &status))
        fail_msg("%s was not refused", file);
    assert_null(schema);
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    if (!strstr(status.message, expected))
        fail_msg("%s: \"%s\" does not say \"%s\"", file, status.message, expected);
    free((void *)(uintptr_t)set.data);
    free((void *)(uintptr_t)source.data);
}

/* Checks each file of tests/unit/schema/FOLDER; there are at least `least`. */
static inline void refusals_check(const char *folder, size_t least, refusals_build *build)
{
    char path[512];
    snprintf(path, sizeof path, TESTS_DIR "/unit/schema/%s", folder);
    DIR *opened = opendir(path);
    assert_non_null(opened);
    size_t files = 0;
    for (struct dirent *entry; (entry = readdir(opened));) {
        if (entry->d_name[0] == '.')
            continue;
        refusals_check_file(folder, entry->d_name, build);
        files++;
    }
    closedir(opened);
    assert_true(files >= least);
}
