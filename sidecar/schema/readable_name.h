/* SPDX-License-Identifier: MIT */
/* A method's name as a person would say it, for messages. Pure; any thread. */
#pragma once

#include "base/arena.h"
#include "base/text.h"

/* "CreateApiGroup" → "create API group": split where a word begins, in lower case but for acronyms
 * (a short list, and what is written in capitals). The arena is one that does not fill. */
struct text readable_name(struct text name, struct arena *arena);
