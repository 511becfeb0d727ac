/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648). Pure; any thread. */
#pragma once

#include "base/compiler.h"
#include "base/text.h"

enum base64_alphabet {
    BASE64_STANDARD, /* section 4: + and / */
    BASE64_URL,      /* section 5: - and _ */
};

/* Writes `bytes` in base64, with padding. */
void base64_encode(struct text bytes, enum base64_alphabet alphabet, struct buffer *out);

/* The largest number of bytes that `characters` characters of base64 can decode to. */
static inline size_t base64_room(size_t characters)
{
    return characters / 4 * 3 + 3;
}

/* Decodes either alphabet, with or without padding. `at` has room for base64_room bytes. False when
 * `encoded` is not base64. */
must_use bool base64_decode(struct text encoded, char *at, size_t *bytes);

/* The value of a character of the standard alphabet (RFC 4648 section 4), 0 to 63; -1 for any other
 * character. */
int base64_value(char c);
