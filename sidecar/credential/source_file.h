/* SPDX-License-Identifier: MIT */
/* A credential in a file: reading it whole and checking it. Pure but for the file; any thread. */
#pragma once

#include <stddef.h>

#include "base/status.h"

/*
 * Reads a token into `token` (CREDENTIAL_BYTES + 2 of room), without the one line end that editors
 * leave. UNAVAILABLE, naming path and reason but never the content, when it is missing, not
 * readable, not a regular file, empty, longer than CREDENTIAL_BYTES, or holds what no HTTP field
 * may (RFC 9110 section 5.5). What was read is wiped then.
 */
must_use bool source_file_read(const char *path, char *token, size_t *bytes, struct status *status);
