/* SPDX-License-Identifier: MIT */
#include "credential/keys.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/memory.h"
#include "credential/key_values.h"
#include "credential/secret_file.h"
#include "credential/secret_folder.h"

#include "base/banned.h"

static bool read_folder(int folder, struct arena *arena, struct issued *issued,
                        struct status *status)
{
    struct issued read = {.kind = ISSUED_KEY};
    const struct secret_part parts[] = {
        {"ak", KEY_BYTES, true, &read.access},
        {"sk", KEY_BYTES, true, &read.secret},
        {"security_token", CREDENTIAL_BYTES, false, &read.security},
    };
    if (!secret_folder_read(folder, parts, array_length(parts), arena, status) ||
        !key_values_check(&read, status))
        return false;
    *issued = read;
    return true;
}

static bool read_file(const char *path, struct arena *arena, struct issued *issued,
                      struct status *status)
{
    const char *reason;
    size_t size;
    char *at = memory_expect(arena_alloc(arena, KEY_INI_BYTES + 1));
    int fd = secret_file_open(AT_FDCWD, path, &reason);
    if (fd < 0 || !secret_file_read(fd, at, KEY_INI_BYTES + 1, &size, &reason))
        return status_fail(status, STATUS_UNAVAILABLE,
                           "%s; mount a Secret with the keys ak and sk there, or a file with a "
                           "section [basic]",
                           reason);
    if (size > KEY_INI_BYTES)
        return status_fail(status, STATUS_UNAVAILABLE, "the file is larger than %d bytes",
                           KEY_INI_BYTES);
    return key_values_parse((struct text){at, size}, issued, status);
}

static bool read_any(const char *path, struct arena *arena, struct issued *issued,
                     struct status *status)
{
    int folder = secret_folder_open(path);
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
