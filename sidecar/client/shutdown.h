/* SPDX-License-Identifier: MIT */
/* The command `shutdown`: makes a running sidecar drain and end, for Jobs. One thread. */
#pragma once

#include "client/command.h"

struct shutdown_options {
    bool wait;
    int64_t timeout_ns;
};

extern const struct command shutdown_command; /* its options set struct shutdown_options */

/* Prints "draining", or "ended" with --wait, and returns the exit code: 0, 1 when the sidecar could
 * not be asked or did not end in time, 2 for a wrong option. */
must_use int client_shutdown(int count, char *arguments[]);
