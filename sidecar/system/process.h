/* SPDX-License-Identifier: MIT */
/* What this process may, and who may look into it. At start, before there are threads. */
#pragma once

#include <stdint.h>

/* No core dumps, no debugger of the same user, and no variable by which a library would write down
 * headers or the keys of TLS: all of them would show the credential. */
void process_keep_secrets(void);

/* Raises the number of descriptors to what the system allows, and returns that. */
uint64_t process_raise_descriptors(void);
