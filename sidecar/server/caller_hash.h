/* SPDX-License-Identifier: MIT */
/* The number by which callers are distinguished. */
#pragma once

#include <stdint.h>

#include "base/text.h"

/*
 * Returns a hash of a caller's name, keyed with random bytes of this process (RFC 2104), because
 * callers choose their names: none can find a name with the hash of another. Any thread.
 */
uint64_t caller_hash(struct text name);
