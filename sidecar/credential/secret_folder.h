/* SPDX-License-Identifier: MIT */
/* Reads the files of a mounted Secret, all of one revision. Any thread; it may wait for the disk.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

/* A file of the folder. */
struct secret_part {
    const char *name;
    size_t most_bytes;
    bool is_required;
    struct text *text; /* gets its content, which shows by its size when it is larger */
};

/* Returns a descriptor of a folder; -1 and errno when the path does not lead to one. */
int secret_folder_open(const char *path);

/*
 * Reads the files of one revision of the folder; when kubelet swaps ..data meanwhile they are read
 * again. The text of a missing file that is not required is empty. The texts are in the arena,
 * which has room for three times the files. UNAVAILABLE, naming file and reason, or when the folder
 * was swapped during each of three reads.
 */
must_use bool secret_folder_read(int folder, const struct secret_part parts[], size_t count,
                                 struct arena *arena, struct status *status);
