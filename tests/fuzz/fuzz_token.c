/* SPDX-License-Identifier: MIT */
/*
 * Is a token read from a file when, and only when, it is one? The input is the file: a token of
 * visible ASCII, and perhaps one line end. A refusal never repeats what is in it.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "credential/source_file.h"

#include "base/banned.h"

/* Without the line end; false when it is not a token. */
static bool is_token(struct text *file)
{
    size_t end = file->size;
    if (end > 0 && file->data[end - 1] == '\n')
        end -= end > 1 && file->data[end - 2] == '\r' ? 2 : 1;
    for (size_t i = 0; i < end; i++)
        if (file->data[i] < '!' || file->data[i] > '~')
            return false;
    file->size = end;
    return end > 0 && end <= CREDENTIAL_BYTES;
}

static void check(const char *path, struct text expected)
{
    static char token[SOURCE_FILE_BYTES];
    struct text file = expected;
    struct status status;
    size_t size;
    bool is_good = is_token(&expected), good = source_file_read(path, token, &size, &status);
    assert(good == is_good);
    assert(!good || text_equal((struct text){token, size}, expected));
    assert(good || status.code == STATUS_UNAVAILABLE);
    if (!good && file.size >= 8)
        assert(!memmem(status.message, strlen(status.message), file.data, file.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("token", MFD_CLOEXEC);
    assert(fd >= 0);
    ssize_t written = write(fd, data, size);
    assert(written == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    check(path, (struct text){(const char *)data, size});
    close(fd);
    return 0;
}
