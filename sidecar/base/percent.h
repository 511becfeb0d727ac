/* SPDX-License-Identifier: MIT */
/* Percent-encoding (RFC 3986 section 2.1). Pure. */
#pragma once

#include <stdbool.h>

#include "base/text.h"

/* By byte: letters, digits and "-._~" (section 2.3). */
extern const bool percent_unreserved[256];

static inline bool percent_is_unreserved(char c)
{
    return percent_unreserved[(unsigned char)c];
}

/* Writes "%2F" for "/". */
void percent_encode_byte(char c, char encoded[3]);

/* The byte that the text begins with, in its encoded form; -1 when it does not begin with one. */
int percent_decode_byte(struct text text);
