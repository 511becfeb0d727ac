/* SPDX-License-Identifier: MIT */
/* The name of a method in plain words, for messages. Pure; any thread. */
#pragma once

#include "base/arena.h"
#include "base/text.h"

/* Converts "GetOrderUrl" to "get order URL": words in lower case but for acronyms (a short
 * list, and words that are written in capitals). The arena has no limit. */
struct text readable_name(struct text name, struct arena *arena);
