/* SPDX-License-Identifier: MIT */
#include "credential/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#include "base/banned.h"

int secret_file_open(int folder, const char *path, const char **reason)
{
    struct stat file;
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        *reason = strerror(errno);
        return -1;
    }
    if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode))
        return fd;
    close(fd);
    *reason = "not a regular file";
    errno = EINVAL;
    return -1;
}

/* Returns -1 and errno on failure. */
static ssize_t read_bounded(int fd, char *at, size_t room)
{
    size_t have = 0;
    while (have < room) {
        ssize_t got = read(fd, at + have, room - have);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -1;
        if (got > 0)
            have += (size_t)got;
    }
    return (ssize_t)have;
}

bool secret_file_read(int fd, char *at, size_t room, size_t *size, const char **reason)
{
    ssize_t got = read_bounded(fd, at, room);
    if (got < 0)
        *reason = strerror(errno);
    close(fd);
    if (got < 0)
        return false;
    *size = (size_t)got;
    return true;
}

struct text secret_file_trim(const char *at, size_t size)
{
    if (size > 0 && at[size - 1] == '\n')
        size -= size > 1 && at[size - 2] == '\r' ? 2 : 1;
    return (struct text){at, size};
}

/* A longer value shows by one byte more, besides the line end that may follow it. */
#define EXTRA_BYTES 3

bool secret_file_value(int folder, const char *path, size_t most, struct arena *arena,
                       struct text *value, const char **reason)
{
    size_t size;
    char *at = memory_expect(arena_alloc(arena, most + EXTRA_BYTES));
    int fd = secret_file_open(folder, path, reason);
    if (fd < 0 || !secret_file_read(fd, at, most + EXTRA_BYTES, &size, reason))
        return false;
    *value = secret_file_trim(at, size);
    return true;
}
