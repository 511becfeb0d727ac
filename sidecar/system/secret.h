/* SPDX-License-Identifier: MIT */
/*
 * Memory for credentials: pages of their own, kept out of swap as far as the system allows and out
 * of core dumps, and wiped when they are given back. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/text.h"

/* Zeroed memory; NULL when the system has none. */
must_use void *secret_alloc(size_t bytes);

/* Wipes and frees `bytes` bytes of secret_alloc; NULL is allowed. */
void secret_free(void *secret, size_t bytes);

/* Whether the text repeats the secret, or so much of its beginning as is enough to tell it by:
 * texts are cut at their end, and may end in the middle of it. An empty secret is in no text. */
bool secret_is_in(struct text text, struct text secret);
