/* SPDX-License-Identifier: MIT */
/* A credential in a file: reading it whole and checking it. Any thread; it may wait for the disk.
 */
#pragma once

#include <stddef.h>

#include "base/status.h"
#include "credential/credential.h"

/* The longest token, the line end that may follow it, and one byte that tells of more. */
#define SOURCE_FILE_BYTES (CREDENTIAL_BYTES + 3)

/*
 * Reads a token into `token` (SOURCE_FILE_BYTES of room), without the one line end that editors
 * leave. UNAVAILABLE, naming path and reason but never the content, when the file is missing, not
 * readable or not a regular one, and when what it holds is empty, longer than CREDENTIAL_BYTES, or
 * has a byte that is not visible ASCII: no token has one, and few are legal in an HTTP field (RFC
 * 9110 section 5.5). `token` is written to in any case; who gave it wipes it.
 */
must_use bool source_file_read(const char *path, char *token, size_t *bytes, struct status *status);
