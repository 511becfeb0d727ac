/* SPDX-License-Identifier: MIT */
/* The folders that decide which file a path leads to. Any thread; it may wait for the disk. */
#pragma once

/*
 * Hands the folder of each symbolic link that the path leads through to `visit`, whether the link
 * is the file or a folder on the way, and then the folder of the file, which need not be there. A
 * folder is handed over before what is in it is read, and may come several times. Of a way with
 * more links than Linux follows only the beginning counts.
 */
void path_folders_visit(const char *path, void (*visit)(const char *folder, void *context),
                        void *context);
