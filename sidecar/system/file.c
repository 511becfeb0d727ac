/* SPDX-License-Identifier: MIT */
#include "system/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static enum status_code code_of(int error)
{
    switch (error) {
    case ENOENT:
        return STATUS_NOT_FOUND;
    case EACCES:
    case EPERM:
        return STATUS_PERMISSION_DENIED;
    default:
        return STATUS_FAILED_PRECONDITION;
    }
}

static bool read_all(int fd, const char *path, size_t most, struct buffer *out,
                     struct status *status)
{
    for (;;) {
        if (!buffer_reserve(out, 1))
            return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "read %s: no memory left", path);
        ssize_t got = read(fd, out->at + out->bytes, out->room - out->bytes);
        if (got == 0)
            return true;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return status_fail(status, code_of(errno), "read %s: %m", path);
        out->bytes += (size_t)got;
        if (out->bytes > most)
            return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                               "read %s: it has more than %zu bytes", path, most);
    }
}

bool file_read(const char *path, size_t most, struct arena *arena, struct text *bytes,
               struct status *status)
{
    struct buffer out;
    bool standard_input = path[0] == '-' && path[1] == '\0';
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_fail(status, code_of(errno), "open %s: %m", path);
    buffer_init(&out, arena, 4096);
    bool good = read_all(fd, path, most, &out, status);
    if (!standard_input)
        close(fd);
    if (good)
        *bytes = buffer_text(&out);
    return good;
}

struct file_identity file_identify(const char *path)
{
    struct stat file;
    if (stat(path, &file) != 0)
        return (struct file_identity){0};
    return (struct file_identity){file.st_dev, file.st_ino, file.st_size, file.st_mtim,
                                  file.st_ctim};
}

static bool time_equal(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           time_equal(&a->modified, &b->modified) && time_equal(&a->changed, &b->changed);
}
