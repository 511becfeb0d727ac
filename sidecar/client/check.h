/* SPDX-License-Identifier: MIT */
/* The word `check`: everything that serving needs, looked at without serving. */
#pragma once

#include "config/config.h"

/* Reads a token file once; credential_check_file. */
typedef bool token_file_check(const char *path, size_t *bytes, struct status *status);

/* Prints the resolved configuration, the table of RPCs with their rules, and one line for each
 * finding. Returns the program's exit code: 0, or 1 when there is a finding. */
int client_check(const struct config *config, token_file_check *check_token);
