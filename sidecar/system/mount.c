/* SPDX-License-Identifier: MIT */
#include "system/mount.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

/* Where a line of /proc/self/mountinfo has the mount point (proc_pid_mountinfo(5)). */
#define MOUNT_POINT_FIELD 5

static bool is_octal(const char *digits)
{
    return strspn(digits, "01234567") >= 3;
}

/* Spaces, tabs, line ends and backslashes are written as "\040". */
static void unescape_octal(char *field)
{
    char *out = field;
    for (const char *at = field; *at; out++) {
        bool escaped = *at == '\\' && is_octal(at + 1);
        *out = escaped ? (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0')) : *at;
        at += escaped ? 4 : 1;
    }
    *out = '\0';
}

/* NULL when the line has none. */
static char *mount_point(char *line)
{
    char *field = NULL;
    for (int i = 0; i < MOUNT_POINT_FIELD; i++)
        field = strsep(&line, " ");
    if (field)
        unescape_octal(field);
    return field;
}

static bool is_mount_point(const char *path)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    while (mounts && !found && getline(&line, &room, mounts) > 0) {
        const char *point = mount_point(line);
        found = point && strcmp(point, path) == 0;
    }
    free(line);
    if (mounts)
        fclose(mounts);
    return found;
}

bool mount_pins_file(const char *path)
{
    struct stat file;
    char real[PATH_MAX];
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode))
        return false;
    return file.st_nlink == 0 || (realpath(path, real) && is_mount_point(real));
}
