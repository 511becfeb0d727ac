/* SPDX-License-Identifier: MIT */
/*
 * Sends C-core's own messages to our log, which limits their rate: C-core writes a line to stderr
 * for each malformed header or frame, so that a peer could fill the disk. Once, before C-core is
 * started.
 */
#pragma once

void core_log_take_over(void);
