/* SPDX-License-Identifier: MIT */
/* The word `check`: everything that serving needs, looked at without serving. */
#pragma once

#include "config/config.h"

/* How files are looked at by the rooms that use them. */
struct check_functions {
    bool (*token)(const char *path, size_t *bytes, struct status *status);
    bool (*certificate)(const struct config *config, bool *is_over, struct status *told);
    bool (*upstream_ca)(const char *path, struct status *told);
};

/*
 * Prints the options in force, the RPCs with HTTP method, path and each field's rules, then a line
 * for each thing looked at: the options together, the descriptor set, the token file, listeners'
 * certificate, key and client CA, the upstream's CA file, whether the name to connect to can be
 * looked up. Returns the program's exit code: 0, or 1 when there is a finding.
 */
must_use int client_check(const struct config *config, const struct check_functions *functions);
