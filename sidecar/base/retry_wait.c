/* SPDX-License-Identifier: MIT */
#include "base/retry_wait.h"

#include <stdlib.h>

#include "base/banned.h"

int64_t retry_spread_ms(int64_t wait_ms)
{
    return wait_ms > 0 ? wait_ms + arc4random_uniform((uint32_t)wait_ms / 5 + 1) : wait_ms;
}
