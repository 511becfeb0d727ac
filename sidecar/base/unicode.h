/* SPDX-License-Identifier: MIT */
/* Comparing texts as Unicode does. Pure; any thread. */
#pragma once

#include <stdbool.h>

#include "base/text.h"

/* True when both are the same text, or differ in Unicode normalisation only (canonical equivalence,
 * UAX #15: a letter with its accent is one character or two). A text that is not UTF-8 equals only
 * the same bytes. */
bool unicode_equal(struct text a, struct text b);
