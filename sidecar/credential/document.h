/* SPDX-License-Identifier: MIT */
/* Small JSON documents for the requests that sources send. Pure; any thread. */
#pragma once

#include "base/arena.h"
#include "base/text.h"

/* Writes `form` with a double quote for each single one and the next of `texts`, as a JSON string,
 * for each $, or as it is for each #. The texts are UTF-8. Empty when the arena is full. */
struct text document_write(const char *form, const struct text texts[], struct arena *arena);
