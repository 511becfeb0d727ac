/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target without a fuzzer: over each file of the folders, and each file, that it is
 * given. A corpus that is missing or empty is a failure. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/memory.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int not_readable(const char *path)
{
    perror(path);
    return EXIT_FAILURE;
}

/* In memory of just the file's size, so that reading beyond it is noticed. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat stat;
    if (!file || fstat(fileno(file), &stat) != 0)
        return not_readable(path);
    size_t size = (size_t)stat.st_size;
    uint8_t *data = memory_expect(malloc(size + (size == 0)));
    size_t read = fread(data, 1, size, file);
    fclose(file);
    if (read == size)
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    return read == size ? EXIT_SUCCESS : not_readable(path);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_visible, alphasort);
    int result = count > 0 ? EXIT_SUCCESS : not_readable(folder);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        result |= replay_file(path);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    printf("%s: %d files\n", folder, count);
    return result;
}

static int replay(const char *path)
{
    struct stat stat_of_path;
    if (stat(path, &stat_of_path) != 0)
        return not_readable(path);
    return S_ISDIR(stat_of_path.st_mode) ? replay_folder(path) : replay_file(path);
}

int main(int count, char **arguments)
{
    int result = count > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
    for (int i = 1; i < count; i++)
        result |= replay(arguments[i]);
    return result;
}
