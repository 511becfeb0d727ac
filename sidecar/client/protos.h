/* SPDX-License-Identifier: MIT */
/* The command `protos`: writes the .proto files of the program and their descriptor set. */
#pragma once

#include "client/command.h"

extern const struct command protos_command;

/*
 * Writes the files below the directory of the argument, and prints their paths. A file that exists
 * with another content is left alone, and then nothing is written. Returns the exit code: 0; 1 with
 * a reason when a file could not be written; 2 for wrong arguments.
 */
must_use int client_protos(int count, char *arguments[]);
