/* SPDX-License-Identifier: MIT */
/* The similarity of two words, to suggest a known one for a misspelt one. Pure; any thread. */
#pragma once

#include <stddef.h>

#include "base/text.h"

/* A word of this distance or above is too different to be suggested. */
#define EDIT_DISTANCE_FAR 4

/* The longest `known`, in bytes. */
#define EDIT_DISTANCE_BYTES 63

/* The number of letters that are added, dropped or changed until both are equal (Levenshtein);
 * upper and lower case count as equal. */
size_t edit_distance(struct text written, struct text known);
