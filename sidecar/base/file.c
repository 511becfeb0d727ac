/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
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
