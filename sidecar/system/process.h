/* SPDX-License-Identifier: MIT */
/* Limits of this process and its protection from others. At the start, before there are threads. */
#pragma once

#include <stdint.h>

/* Opens the descriptors 0 to 2 on /dev/null where they are closed, because otherwise a connection
 * would get the number of stderr and the log would be written to it. Writing to them still fails,
 * so that lost output is noticed. May be called before libraries are initialized. */
void process_fill_descriptors(void);

/* Removes the variables by which C-core can be changed (GRPC_POLL_STRATEGY, GRPC_EXPERIMENTS, ...):
 * some end the process, and none is one of the sidecar's options. */
void process_drop_core_variables(void);

/* Forbids core dumps and debuggers of the same user, and removes the environment variable by which
 * libcurl would write down TLS keys, because each of these would show the credential. So do the
 * logs of C-core that process_drop_core_variables keeps off. */
void process_keep_secrets(void);

/* Raises the limit of descriptors to the hard limit, and returns that. */
uint64_t process_raise_descriptors(void);
