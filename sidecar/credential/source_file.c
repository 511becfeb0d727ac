/* SPDX-License-Identifier: MIT */
#include "credential/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "credential/credential.h"

#include "base/banned.h"

/* One more than a token with its line end tells that there is more. */
#define ROOM (CREDENTIAL_BYTES + 2)

static bool read_whole(int fd, const char *path, char *token, size_t *bytes, struct status *status)
{
    size_t have = 0;
    while (have < ROOM + 1) {
        char beyond;
        char *at = have < ROOM ? token + have : &beyond;
        ssize_t got = read(fd, at, have < ROOM ? ROOM - have : 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return status_fail(status, STATUS_UNAVAILABLE, "token file %s: %m", path);
        if (got == 0)
            break;
        have += (size_t)got;
    }
    *bytes = have;
    return have <= ROOM ||
           status_fail(status, STATUS_UNAVAILABLE, "token file %s: it has more than %d bytes", path,
                       CREDENTIAL_BYTES);
}

static size_t without_line_end(const char *token, size_t bytes)
{
    if (bytes > 0 && token[bytes - 1] == '\n')
        bytes--;
    if (bytes > 0 && token[bytes - 1] == '\r')
        bytes--;
    return bytes;
}

static bool check(const char *path, const char *token, size_t bytes, struct status *status)
{
    if (bytes == 0)
        return status_fail(status, STATUS_UNAVAILABLE, "token file %s: it is empty", path);
    if (bytes > CREDENTIAL_BYTES)
        return status_fail(status, STATUS_UNAVAILABLE,
                           "token file %s: its token has %zu bytes, more than %d", path, bytes,
                           CREDENTIAL_BYTES);
    for (size_t i = 0; i < bytes; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return status_fail(status, STATUS_UNAVAILABLE,
                               "token file %s: byte %zu is not printable ASCII, as no token has",
                               path, i);
    return true;
}

/* A FIFO must not hold us up, and a device has no end. */
static bool open_regular(const char *path, int *fd, struct status *status)
{
    struct stat file;
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (opened < 0)
        return status_fail(status, STATUS_UNAVAILABLE, "token file %s: %m", path);
    if (fstat(opened, &file) != 0 || !S_ISREG(file.st_mode)) {
        close(opened);
        return status_fail(status, STATUS_UNAVAILABLE, "token file %s: it is not a regular file",
                           path);
    }
    *fd = opened;
    return true;
}

bool source_file_read(const char *path, char *token, size_t *bytes, struct status *status)
{
    int fd;
    size_t have = 0;
    if (!open_regular(path, &fd, status))
        return false;
    bool good = read_whole(fd, path, token, &have, status);
    close(fd);
    if (good) {
        have = without_line_end(token, have);
        good = check(path, token, have, status);
    }
    if (!good) {
        explicit_bzero(token, ROOM);
        return false;
    }
    *bytes = have;
    return true;
}
