/* SPDX-License-Identifier: MIT */
/* Reads small files that hold a secret. Any thread; it may wait for the disk. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/text.h"

/* Opens a file that is a regular one, because opening a FIFO waits for its writer and a device has
 * no end. `folder` is AT_FDCWD or the folder of a relative path. Returns -1, errno and a reason on
 * failure. */
int secret_file_open(int folder, const char *path, const char **reason);

/* Reads at most `room` bytes of the descriptor to `at`, and closes it. False, with a reason, on
 * failure; `at` may be written to in any case. */
must_use bool secret_file_read(int fd, char *at, size_t room, size_t *size, const char **reason);

/* The content without the one line end that editors add. */
struct text secret_file_trim(const char *at, size_t size);

/* Opens and reads a file of one value, and trims it. A value of more than `most` bytes has more
 * than that here too. The arena has room. False, with a reason, and errno ENOENT when there is
 * none. */
must_use bool secret_file_value(int folder, const char *path, size_t most, struct arena *arena,
                                struct text *value, const char **reason);
