/* SPDX-License-Identifier: MIT */
/*
 * What C-core itself has to say goes into our log: it writes a line to stderr for each malformed
 * header or frame of a peer, so that a peer could fill the disk. Once, before C-core is started.
 */
#pragma once

void core_log_take_over(void);
