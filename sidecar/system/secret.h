/* SPDX-License-Identifier: MIT */
/*
 * Memory for credentials: pages of their own, kept out of swap as far as the system allows and out
 * of core dumps, and wiped when they are given back. Any thread.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"

/* Zeroed memory; NULL when the system has none. */
must_use void *secret_alloc(size_t bytes);

/* Wipes and frees `bytes` bytes of secret_alloc; NULL is allowed. */
void secret_free(void *secret, size_t bytes);
