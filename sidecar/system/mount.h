/* SPDX-License-Identifier: MIT */
/* Files that no other file can replace. Any thread; it may wait for the disk. */
#pragma once

#include <stdbool.h>

/* Whether the file that the path leads to is a mount point of its own, as one that is mounted by
 * subPath is, or has no name any more: what takes its place where it came from is not seen here.
 * False for a file that is not there. */
bool mount_pins_file(const char *path);
