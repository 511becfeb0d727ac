/* SPDX-License-Identifier: MIT */
/* Reads whole files of a bounded size, and compares a file with what it was before. Any thread; it
 * may wait for the disk. */
#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

/* Reads a file ("-" is standard input) into the arena. NOT_FOUND, PERMISSION_DENIED or
 * FAILED_PRECONDITION, naming path and reason; RESOURCE_EXHAUSTED when it has more than `most`
 * bytes. */
must_use bool file_read(const char *path, size_t most, struct arena *arena, struct text *bytes,
                        struct status *status);

/* Changes when a file is written or another file takes its place, as far as the resolution of its
 * times shows that. */
struct file_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

/* The identity of the file behind a path and its links; all zero when there is none. */
struct file_identity file_identify(const char *path);

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b);
