/* SPDX-License-Identifier: MIT */
/* The word `call`: a call of one method, from JSON to JSON. */
#pragma once

/*
 * `METHOD [JSON|@FILE|-]` with options --target, --deadline, --metadata name=value (repeatable),
 * --descriptor-set, in any order. The answer goes to standard output, a failure's code, message and
 * details to standard error. Returns the program's exit code: 0, 2 for a wrong command line, 1 when
 * the call could not be prepared, 64 + gRPC code when it failed.
 */
int client_call(int count, char **arguments);
