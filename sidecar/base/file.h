/* SPDX-License-Identifier: MIT */
/* Reading whole files of a bounded size. Any thread; it may wait for the disk. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

/* Reads a file ("-" is standard input) into the arena. NOT_FOUND, PERMISSION_DENIED or
 * FAILED_PRECONDITION, naming the path and what happened; RESOURCE_EXHAUSTED when it has more than
 * `most` bytes. */
must_use bool file_read(const char *path, size_t most, struct arena *arena, struct text *bytes,
                        struct status *status);
