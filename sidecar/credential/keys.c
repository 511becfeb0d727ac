/* SPDX-License-Identifier: MIT */
#include "credential/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "credential/key_values.h"
#include "credential/secret_file.h"

#include "base/banned.h"

/* A longer file shows by one byte more, besides the line end that may follow a value. */
#define EXTRA_BYTES 3

/* Reads of a folder that is swapped each time. */
#define MOST_READS 3

/* The files of a folder. */
static const struct part {
    const char *name;
    size_t at; /* of its text in struct issued */
    size_t most_bytes;
    bool is_required;
} parts[] = {
    {"ak", offsetof(struct issued, access), KEY_BYTES, true},
    {"sk", offsetof(struct issued, secret), KEY_BYTES, true},
    {"security_token", offsetof(struct issued, security), KEY_SECURITY_TOKEN_BYTES, false},
};

static bool fail(struct status *status, const char *what, const char *reason)
{
    return status_fail(status, STATUS_UNAVAILABLE, "%s: %s", what, reason);
}

static bool read_text(int fd, size_t most_bytes, struct arena *arena, struct text *text,
                      const char **reason)
{
    size_t size;
    char *at = memory_expect(arena_alloc(arena, most_bytes + EXTRA_BYTES));
    if (!secret_file_read(fd, at, most_bytes + EXTRA_BYTES, &size, reason))
        return false;
    *text = secret_file_trim(at, size);
    return true;
}

static bool read_part(int folder, const struct part *part, struct arena *arena,
                      struct issued *issued, struct status *status)
{
    const char *reason;
    struct text *text = (struct text *)((char *)issued + part->at);
    int fd = secret_file_open(folder, part->name, &reason);
    if (fd < 0 && !part->is_required && errno == ENOENT)
        return true;
    return (fd >= 0 && read_text(fd, part->most_bytes, arena, text, &reason)) ||
           fail(status, part->name, reason);
}

static bool read_parts(int folder, struct arena *arena, struct issued *issued,
                       struct status *status)
{
    *issued = (struct issued){.kind = ISSUED_KEY};
    for (size_t i = 0; i < array_length(parts); i++)
        if (!read_part(folder, &parts[i], arena, issued, status))
            return false;
    return key_values_check(issued, status);
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

static bool read_folder(int folder, struct arena *arena, struct issued *issued,
                        struct status *status)
{
    bool good = false, swapped = true;
    for (unsigned i = 0; i < MOST_READS && swapped; i++) {
        int revision = open_revision(folder);
        if (revision < 0)
            return fail(status, "the folder cannot be opened", strerror(errno));
        good = read_parts(revision, arena, issued, status);
        swapped = was_swapped(folder, revision);
        close(revision);
    }
    return good;
}

static bool read_file(const char *path, struct arena *arena, struct issued *issued,
                      struct status *status)
{
    const char *reason;
    struct text file;
    int fd = secret_file_open(AT_FDCWD, path, &reason);
    if (fd < 0 || !read_text(fd, KEY_INI_BYTES, arena, &file, &reason))
        return status_fail(status, STATUS_UNAVAILABLE,
                           "%s; mount a Secret with the keys ak and sk there, or a file with a "
                           "section [basic]",
                           reason);
    if (file.size > KEY_INI_BYTES)
        return status_fail(status, STATUS_UNAVAILABLE, "the file is larger than %d bytes",
                           KEY_INI_BYTES);
    return key_values_parse(file, issued, status);
}

static bool read_any(const char *path, struct arena *arena, struct issued *issued,
                     struct status *status)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return read_file(path, arena, issued, status);
    bool good = read_folder(folder, arena, issued, status);
    close(folder);
    return good;
}

bool keys_read(const char *path, struct arena *arena, struct issued *issued, struct status *status)
{
    struct issued read;
    if (!read_any(path, arena, &read, status))
        return status_wrap(status, "keys %s", path);
    *issued = read;
    return true;
}
