/* SPDX-License-Identifier: MIT */
/* The word `call`: a call of one method, from JSON to JSON. */
#pragma once

#include "base/compiler.h"

/*
 * `METHOD [JSON|@FILE|-]` with options --target, --deadline, --metadata name=value (repeatable) and
 * --descriptor-set, in any order; --help prints them. The answer goes to standard output, a
 * failure's code, message and details to standard error. Returns the program's exit code: 0, 2 for
 * what cannot be asked (a wrong option, no such method, a message that is none), 1 when the answer
 * could not be printed, 64 + gRPC code when the call failed. Once in a process: it starts and ends
 * C-core.
 */
must_use int client_call(int count, char *arguments[]);
