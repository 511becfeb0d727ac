/* SPDX-License-Identifier: MIT */
/*
 * Memory for credentials: pages of their own that are kept out of core dumps and, as far as the
 * system allows, out of swap, and that are wiped when they are freed. Any thread.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"

/* Zeroed memory; NULL when the system has none. */
must_use void *secret_alloc(size_t bytes);

/* Wipes and frees `bytes` bytes of secret_alloc; NULL is allowed. */
void secret_free(void *secret, size_t bytes);
