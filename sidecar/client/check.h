/* SPDX-License-Identifier: MIT */
/* The word `check`: everything that serving needs, looked at without serving. */
#pragma once

#include "config/config.h"

/* Reads a token file once, and says how many bytes its token has; credential_check_file. */
typedef bool token_file_check(const char *path, size_t *bytes, struct status *status);

/*
 * Prints the options in force, the RPCs with HTTP method, path and each field's rules, then a line
 * for each thing looked at: the options together, the descriptor set, the token file, the CA file,
 * whether the name to connect to can be looked up. Returns the program's exit code: 0, or 1 when
 * there is a finding.
 */
must_use int client_check(const struct config *config, token_file_check *check_token);
