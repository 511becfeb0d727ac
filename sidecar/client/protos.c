/* SPDX-License-Identifier: MIT */
#include "client/protos.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/file.h"

#include "base/banned.h"

#define PATH_SIZE 4096
#define MEMORY (64U << 20)
#define UNFINISHED ".XXXXXX" /* behind the name of a file that is not whole */

/* proto/embed_files.cmake */
struct embedded_file {
    const char *name; /* below the directory: "huaweicloud/apig/v2/api_group_service.proto" */
    const char *bytes;
    size_t size;
};
extern const struct embedded_file embedded_files[];
extern const size_t embedded_file_count;

static bool write_path(const char *directory, const char *name, char path[PATH_SIZE],
                       struct status *status)
{
    if (snprintf(path, PATH_SIZE, "%s/%s", directory, name) < PATH_SIZE)
        return true;
    return status_fail(status, STATUS_INVALID_ARGUMENT, "the path of the directory is too long");
}

/* Makes the folders of a path that do not exist. */
static bool make_folders(char path[PATH_SIZE], struct status *status)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        if (!made)
            status_set(status, STATUS_FAILED_PRECONDITION, "%s: make the folder: %m", path);
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static bool write_all(int fd, const struct embedded_file *file)
{
    for (size_t written = 0; written < file->size;) {
        ssize_t more = write(fd, file->bytes + written, file->size - written);
        if (more < 0)
            return false;
        written += (size_t)more;
    }
    return true;
}

static mode_t allowed_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* Takes the name unless a file has it. Some file systems lack the flag, others have no links. */
static bool publish(const char *unfinished, const char *path)
{
    if (renameat2(AT_FDCWD, unfinished, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return true;
    return errno == EINVAL && link(unfinished, path) == 0 && unlink(unfinished) == 0;
}

/* A reader sees the whole file or none. False with errno, which is EEXIST when a file has the
 * name. */
static bool create(const char *path, const struct embedded_file *file)
{
    char unfinished[PATH_SIZE + sizeof UNFINISHED];
    snprintf(unfinished, sizeof unfinished, "%s" UNFINISHED, path);
    int fd = mkostemp(unfinished, O_CLOEXEC);
    if (fd < 0)
        return false;
    bool good = write_all(fd, file) && fchmod(fd, allowed_mode()) == 0;
    good = close(fd) == 0 && good && publish(unfinished, path);
    int error = errno;
    if (!good)
        unlink(unfinished);
    errno = error;
    return good;
}

static bool is_absent(const char *path)
{
    struct stat found;
    return lstat(path, &found) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* A file that somebody has changed or replaced is kept. */
static bool check_file(const char *directory, const struct embedded_file *file,
                       struct status *status)
{
    char path[PATH_SIZE];
    struct text bytes;
    struct arena arena;
    if (!write_path(directory, file->name, path, status))
        return false;
    if (is_absent(path))
        return true;
    arena_init(&arena, MEMORY);
    bool good = file_read(path, MEMORY / 2, &arena, &bytes, status);
    if (!good)
        status_prepend(status, "compare what exists");
    else if (!text_equal(bytes, (struct text){file->bytes, file->size}))
        good = status_fail(status, STATUS_FAILED_PRECONDITION,
                           "%s: it exists with another content; remove it, or name another folder",
                           path);
    arena_clear(&arena);
    return good;
}

/* Also looks at a file that another program has created since the check. */
static bool write_file(const char *directory, const struct embedded_file *file,
                       struct status *status)
{
    char path[PATH_SIZE];
    if (!write_path(directory, file->name, path, status) || !make_folders(path, status))
        return false;
    if (is_absent(path) && !create(path, file) && errno != EEXIST)
        return status_fail(status, STATUS_FAILED_PRECONDITION, "%s: write the file: %m", path);
    if (!check_file(directory, file, status))
        return false;
    puts(path);
    return true;
}

static bool for_each_file(const char *directory,
                          bool (*carry_out)(const char *directory, const struct embedded_file *file,
                                            struct status *status),
                          struct status *status)
{
    for (size_t i = 0; i < embedded_file_count; i++)
        if (!carry_out(directory, &embedded_files[i], status))
            return false;
    return true;
}

const struct command protos_command = {
    .name = "protos",
    .usage = "DIRECTORY",
    .summary = "write the .proto files and their descriptor set",
    .about = "Writes the .proto files of the API and all that they import, and apig-sidecar.binpb, "
             "the descriptor set of them, below DIRECTORY, and prints the path of each. A client's "
             "code is generated from them: `protoc -I DIRECTORY ...`. When a file exists there "
             "with another content, nothing is written. Exits with 0, or with 1 when a file could "
             "not be written.",
};

int client_protos(int count, char *arguments[])
{
    struct status status;
    if (count != 1 || arguments[0][0] == '\0' || arguments[0][0] == '-') {
        status_set(&status, STATUS_INVALID_ARGUMENT, "protos: give one directory and no option");
        return command_fail(&status, EXIT_USAGE);
    }
    if (!for_each_file(arguments[0], check_file, &status) ||
        !for_each_file(arguments[0], write_file, &status))
        return command_fail(&status, EXIT_BAD);
    return command_finish(0);
}
