/* SPDX-License-Identifier: MIT */
#include "system/cgroup.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/text.h"

#include "base/banned.h"

/* Version 1 writes the largest number of whole pages for "no limit". */
#define NO_LIMIT (UINT64_MAX / 4)

/* The hierarchies that may limit memory: their controllers in /proc/self/cgroup, the folder of
 * their mount, and the file with the limit. */
static const struct hierarchy {
    const char *controller, *folder, *file;
} hierarchies[] = {
    {"", "", "memory.max"},
    {"memory", "/memory", "memory.limit_in_bytes"},
};

static uint64_t smaller_limit(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* 0 for "max", for a file that is not there and for anything else that is not a limit. */
static uint64_t read_limit(const char *path)
{
    char written[32] = "", *end;
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t size = fread(written, 1, sizeof written - 1, file);
    fclose(file);
    written[size] = '\0';
    errno = 0;
    uint64_t limit = strtoull(written, &end, 10);
    return end == written || errno != 0 || limit >= NO_LIMIT ? 0 : limit;
}

/* The limit of a group and of all those around it. `group` is cut to nothing. */
static uint64_t limit_of(const struct hierarchy *hierarchy, const char *root, char *group)
{
    char path[PATH_MAX];
    uint64_t limit = 0;
    for (char *end = group + strlen(group); end; end = strrchr(group, '/')) {
        *end = '\0';
        int size = snprintf(path, sizeof path, "%s%s%s/%s", root, hierarchy->folder, group,
                            hierarchy->file);
        if (size > 0 && (size_t)size < sizeof path)
            limit = smaller_limit(limit, read_limit(path));
    }
    return limit;
}

/* Version 1 lists the controllers that share a hierarchy: "cpu,memory". */
static bool lists(struct text list, struct text controller)
{
    struct text one;
    for (bool more = true; more;) {
        more = text_take_part(&list, ',', &one);
        if (text_equal(one, controller))
            return true;
    }
    return false;
}

/* A line is "4:memory:/pod/container", or "0::/pod/container" for version 2. */
static uint64_t limit_of_line(char *line, const char *root)
{
    char *list = strchr(line, ':'), *group = list ? strchr(list + 1, ':') : NULL;
    if (!group)
        return 0;
    *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    for (size_t i = 0; i < array_length(hierarchies); i++)
        if (lists(text_of(list + 1), text_of(hierarchies[i].controller)))
            return limit_of(&hierarchies[i], root, group);
    return 0;
}

uint64_t cgroup_memory_limit(const char *membership, const char *root)
{
    FILE *file = fopen(membership, "re");
    if (!file)
        return 0;
    char *line = NULL;
    size_t room = 0;
    uint64_t limit = 0;
    while (getline(&line, &room, file) > 0)
        limit = smaller_limit(limit, limit_of_line(line, root));
    free(line);
    fclose(file);
    return limit;
}
