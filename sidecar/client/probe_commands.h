/* SPDX-License-Identifier: MIT */
/*
 * The words that ask a running sidecar over --monitor and --admin, for probes and entrypoints in
 * images without a shell: `health`, `wait`, `shutdown`; --help prints what each takes. They say in
 * one line how it is, and return the program's exit code: 0, 1 when it is not as it should be, 2
 * for a wrong option.
 */
#pragma once

#include "base/compiler.h"

/* Asks once whether it is ready, live or started. */
must_use int client_health(int count, char *arguments[]);

/* Asks until it is ready. */
must_use int client_wait(int count, char *arguments[]);

/* Has it drain, and waits for its end when that is wanted. */
must_use int client_shutdown(int count, char *arguments[]);
