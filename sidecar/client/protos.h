/* SPDX-License-Identifier: MIT */
/* The command `protos`: writes the .proto files of the program and their descriptor set. */
#pragma once

#include "client/command.h"

extern const struct command protos_command;

/*
 * Writes the files below the directory of the argument, and prints their paths. A file that exists
 * with the same content is not touched. A file that exists with another content, or a link to
 * nothing, is left alone, and then nothing is written; one that appears while files are written is
 * left alone too. Returns the exit code: 0; 1 with a reason when a file could not be written; 2 for
 * wrong arguments. One thread of a process that has no other, because it reads the umask.
 */
must_use int client_protos(int count, char *arguments[]);
