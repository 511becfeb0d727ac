/* SPDX-License-Identifier: MIT */
/* How long callers are asked to wait before they retry. Any thread. */
#pragma once

#include <stdint.h>

/* After a transient fault, in milliseconds. */
#define RETRY_SOON_MS 500

/* Returns up to a fifth more than a wait, so that those who were given it together do not come back
 * together. A wait that is not positive stays. */
int64_t retry_spread_ms(int64_t wait_ms);
