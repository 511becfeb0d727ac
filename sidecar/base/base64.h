/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648). Pure; any thread. */
#pragma once

#include "base/compiler.h"
#include "base/text.h"

enum base64_alphabet {
    BASE64_STANDARD, /* section 4: + and / */
    BASE64_URL,      /* section 5: - and _ */
};

/* Writes it with padding. */
void base64_encode(struct text bytes, enum base64_alphabet alphabet, struct buffer *out);

/* How many bytes so many characters of base64 are, at most. */
static inline size_t base64_room(size_t characters)
{
    return characters / 4 * 3 + 3;
}

/* Reads either alphabet, with or without padding, to `at`, where base64_room is. False when it is
 * none. */
must_use bool base64_decode(struct text encoded, char *at, size_t *bytes);
