/* SPDX-License-Identifier: MIT */
#include "credential/source_file.h"

#include <fcntl.h>

#include "base/ascii.h"
#include "credential/secret_file.h"

#include "base/banned.h"

static bool check(const char *path, const char *token, size_t bytes, struct status *status)
{
    if (bytes == 0)
        return status_fail(status, STATUS_UNAVAILABLE, "token file %s: the file is empty", path);
    if (bytes > CREDENTIAL_BYTES)
        return status_fail(status, STATUS_UNAVAILABLE,
                           "token file %s: the token is longer than %d bytes", path,
                           CREDENTIAL_BYTES);
    for (size_t i = 0; i < bytes; i++)
        if (!ascii_is_visible(token[i]))
            return status_fail(status, STATUS_UNAVAILABLE,
                               "token file %s: byte %zu of %zu is not visible ASCII, so this is "
                               "not a token",
                               path, i + 1, bytes);
    return true;
}

bool source_file_read(const char *path, char *token, size_t *bytes, struct status *status)
{
    const char *reason;
    size_t size;
    int fd = secret_file_open(AT_FDCWD, path, &reason);
    if (fd < 0 || !secret_file_read(fd, token, SOURCE_FILE_BYTES, &size, &reason))
        return status_fail(status, STATUS_UNAVAILABLE, "token file %s: %s", path, reason);
    size = secret_file_trim(token, size).size;
    if (!check(path, token, size, status))
        return false;
    *bytes = size;
    return true;
}
