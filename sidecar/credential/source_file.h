/* SPDX-License-Identifier: MIT */
/* Reads and checks a credential that is in a file. Any thread; it may wait for the disk. */
#pragma once

#include <stddef.h>

#include "base/status.h"
#include "credential/credential.h"

/* The longest token, a line end that may follow it, and one byte by which a longer file shows. */
#define SOURCE_FILE_BYTES (CREDENTIAL_BYTES + 3)

/*
 * Reads a token into `token`, which has room for SOURCE_FILE_BYTES, without the one line end that
 * editors add. UNAVAILABLE, naming path and reason but never the content, when the file is missing,
 * unreadable or not a regular one, and when its content is empty, longer than CREDENTIAL_BYTES or
 * has a byte that is not visible ASCII: no token has one, and few are legal in an HTTP field (RFC
 * 9110 section 5.5). `token` may be written to in any case; the caller wipes it.
 */
must_use bool source_file_read(const char *path, char *token, size_t *bytes, struct status *status);
