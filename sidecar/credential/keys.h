/* SPDX-License-Identifier: MIT */
/* Access keys that others write and renew. Any thread; it may wait for the disk. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "credential/issued.h"

/*
 * Reads the access key at `path`: a folder with the files ak, sk and perhaps security_token, as a
 * mounted Secret is, or a file as key_values_parse reads it. A folder's files are read through one
 * descriptor, so that they are of one revision; when kubelet swaps ..data meanwhile they are read
 * again. The texts are in the arena, which has room for three times CREDENTIAL_BYTES.
 * UNAVAILABLE, naming the path and what to change there, when there is no good key.
 */
must_use bool keys_read(const char *path, struct arena *arena, struct issued *issued,
                        struct status *status);
