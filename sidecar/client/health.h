/* SPDX-License-Identifier: MIT */
/* The command `health`: asks a running sidecar once whether it is ready, live or started, for
 * probes in images without a shell. One thread. */
#pragma once

#include "client/command.h"

struct health_options {
    bool ready, live, started;
    int64_t timeout_ns;
};

extern const struct command health_command; /* its options set struct health_options */

/* The page of --monitor to get: "/readyz" when no flag is given. INVALID_ARGUMENT for two flags. */
must_use bool health_page(const struct health_options *given, const char **page,
                          struct status *status);

/* Prints the page's first line and returns the exit code: 0 for yes, 1 for no or no response, 2 for
 * a wrong option. */
must_use int client_health(int count, char *arguments[]);
