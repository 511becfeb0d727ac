/* SPDX-License-Identifier: MIT */
#include "credential/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/* Without blocking, and only regular files, because opening a FIFO waits for its writer and a
 * device has no end. Returns -1 and a reason on failure. */
static int open_regular(const char *path, const char **reason)
{
    struct stat file;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        *reason = strerror(errno);
        return -1;
    }
    if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode))
        return fd;
    close(fd);
    *reason = "not a regular file";
    return -1;
}

/* Reads at most `room` bytes. Returns -1 and errno on failure. */
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

static size_t without_line_end(const char *token, size_t bytes)
{
    if (bytes == 0 || token[bytes - 1] != '\n')
        return bytes;
    bytes--;
    return bytes > 0 && token[bytes - 1] == '\r' ? bytes - 1 : bytes;
}

static bool check(const char *path, const char *token, size_t bytes, struct status *status)
{
    if (bytes == 0)
        return status_fail(status, STATUS_UNAVAILABLE, "token file %s: the file is empty", path);
    if (bytes > CREDENTIAL_BYTES)
        return status_fail(status, STATUS_UNAVAILABLE,
                           "token file %s: the token is longer than %d bytes", path,
                           CREDENTIAL_BYTES);
    for (size_t i = 0; i < bytes; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return status_fail(status, STATUS_UNAVAILABLE,
                               "token file %s: byte %zu of %zu is not visible ASCII, so this is "
                               "not a token",
                               path, i + 1, bytes);
    return true;
}

bool source_file_read(const char *path, char *token, size_t *bytes, struct status *status)
{
    const char *reason;
    int fd = open_regular(path, &reason);
    if (fd < 0)
        return status_fail(status, STATUS_UNAVAILABLE, "token file %s: %s", path, reason);
    ssize_t got = read_bounded(fd, token, SOURCE_FILE_BYTES);
    int error = errno;
    close(fd);
    if (got < 0)
        return status_fail(status, STATUS_UNAVAILABLE, "token file %s: %s", path, strerror(error));
    size_t have = without_line_end(token, (size_t)got);
    if (!check(path, token, have, status))
        return false;
    *bytes = have;
    return true;
}
