/* SPDX-License-Identifier: MIT */
/* The command `check`: looks at everything that serving needs, without serving. */
#pragma once

#include "client/command.h"

/* The checks of files, which belong to layers that this one does not include. Each fills its status
 * with a finding, or with a summary when it returns true. */
struct check_functions {
    bool (*credential)(const struct config *config, struct buffer *summary, struct status *status);
    bool (*certificate)(const struct config *config, bool *has_expired, struct buffer *summary,
                        struct status *status);
    bool (*ca)(const char *path, struct buffer *summary, struct status *status);
};

extern const struct command check_command;

/*
 * Prints the options in force, the RPCs with HTTP method, path and the constraints of each field,
 * then one line for each check: the options together, the descriptor set, the credential, the
 * listeners' certificate, key and client CA, the CA files of upstream and IAM, the address of the
 * upstream's name. Returns the exit code: 0, or 1 when there is a finding.
 */
must_use int client_check(const struct config *config, const struct check_functions *functions);
