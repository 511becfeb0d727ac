/* SPDX-License-Identifier: MIT */
#include "config/edit_distance.h"

#include <assert.h>

#include "base/ascii.h"

#include "base/banned.h"

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static bool same_letter(char a, char b)
{
    return ascii_to_lower(a) == ascii_to_lower(b);
}

size_t edit_distance(struct text written, struct text known)
{
    size_t row[EDIT_DISTANCE_BYTES + 1];
    assert(known.size <= EDIT_DISTANCE_BYTES);
    for (size_t i = 0; i <= known.size; i++)
        row[i] = i;
    for (size_t i = 1; i <= written.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= known.size; j++) {
            size_t above = row[j];
            row[j] = least_of(row[j - 1] + 1, above + 1,
                              diagonal + !same_letter(written.data[i - 1], known.data[j - 1]));
            diagonal = above;
        }
    }
    return row[known.size];
}
