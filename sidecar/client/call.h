/* SPDX-License-Identifier: MIT */
/* The command `call`: calls one method of a sidecar, from JSON to JSON. */
#pragma once

#include "base/compiler.h"

/*
 * Prints the response to standard output; code, message and details of a failure to standard error.
 * Returns the exit code: 0; 2 for a wrong option, an unknown method or a message that does not fit;
 * 1 when the response could not be printed; 64 + gRPC code when the call failed. To be called once
 * in a process, because it starts and ends C-core.
 */
must_use int client_call(int count, char *arguments[]);
