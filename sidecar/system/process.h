/* SPDX-License-Identifier: MIT */
/* Limits of this process and its protection from others. At the start, before there are threads. */
#pragma once

#include <stdint.h>

/* Forbids core dumps and debuggers of the same user, and removes the environment variables by which
 * a library would write down headers or TLS keys, because each of these would show the credential.
 */
void process_keep_secrets(void);

/* Raises the limit of descriptors to the hard limit, and returns that. */
uint64_t process_raise_descriptors(void);
