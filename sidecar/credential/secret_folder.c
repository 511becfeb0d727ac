/* SPDX-License-Identifier: MIT */
#include "credential/secret_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "credential/secret_file.h"

#include "base/banned.h"

/* Reads of a folder that is swapped each time. */
#define MOST_READS 3

static bool read_part(int folder, const struct secret_part *part, struct arena *arena,
                      struct status *status)
{
    const char *reason;
    *part->text = (struct text){NULL, 0}; /* an earlier read may have set it */
    return secret_file_value(folder, part->name, part->most_bytes, arena, part->text, &reason) ||
           (!part->is_required && errno == ENOENT) ||
           status_fail(status, STATUS_UNAVAILABLE, "%s: %s", part->name, reason);
}

static bool read_parts(int folder, const struct secret_part parts[], size_t count,
                       struct arena *arena, struct status *status)
{
    for (size_t i = 0; i < count; i++)
        if (!read_part(folder, &parts[i], arena, status))
            return false;
    return true;
}

/* The folder whose files ..data stands for, where kubelet has mounted the Secret, or a duplicate of
 * the descriptor. */
static int open_revision(int folder)
{
    int revision = openat(folder, "..data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return revision >= 0 ? revision : fcntl(folder, F_DUPFD_CLOEXEC, 0);
}

/* Returns whether ..data leads to another folder by now. */
static bool was_swapped(int folder, int revision)
{
    struct stat is, was;
    return fstatat(folder, "..data", &is, 0) == 0 && fstat(revision, &was) == 0 &&
           (is.st_dev != was.st_dev || is.st_ino != was.st_ino);
}

bool secret_folder_read(int folder, const struct secret_part parts[], size_t count,
                        struct arena *arena, struct status *status)
{
    bool good = false, swapped = true;
    for (unsigned i = 0; i < MOST_READS && swapped; i++) {
        int revision = open_revision(folder);
        if (revision < 0)
            return status_fail(status, STATUS_UNAVAILABLE, "the folder cannot be opened: %s",
                               strerror(errno));
        good = read_parts(revision, parts, count, arena, status);
        swapped = was_swapped(folder, revision);
        close(revision);
    }
    if (good && swapped)
        return status_fail(status, STATUS_UNAVAILABLE, "it was replaced during each of %d reads",
                           MOST_READS);
    return good;
}

int secret_folder_open(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
