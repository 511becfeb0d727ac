/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648). Pure; any thread. */
#pragma once

#include "base/arena.h"
#include "base/text.h"

enum base64_alphabet {
    BASE64_STANDARD, /* section 4: + and / */
    BASE64_URL,      /* section 5: - and _ */
};

/* Writes it with padding. */
void base64_encode(struct text bytes, enum base64_alphabet alphabet, struct buffer *out);

/* Reads either alphabet, with or without padding. False when it is none, or the arena is full. */
must_use bool base64_decode(struct text encoded, struct arena *arena, struct text *bytes);
