/* SPDX-License-Identifier: MIT */
/* The command `wait`: asks a running sidecar until it is ready, for entrypoints of services that
 * start beside it. One thread. */
#pragma once

#include "client/command.h"

struct wait_options {
    int64_t timeout_ns;
};

extern const struct command wait_command; /* its options set struct wait_options */

/* Prints the last response and returns the exit code: 0 when it is ready, 1 when it was not in
 * time, 2 for a wrong option. */
must_use int client_wait(int count, char *arguments[]);
