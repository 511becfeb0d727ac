/* SPDX-License-Identifier: MIT */
/*
 * The text of a value in the path and the query of a request: numbers in decimal, NaN, Infinity,
 * -Infinity; true and false; enums by number, as in bodies; bytes in base64 of the URL alphabet,
 * with padding. For rest/path.c and rest/query.c. Pure; any thread.
 */
#pragma once

#include "base/text.h"
#include "schema/message.h"

/* Percent-encodes all but the unreserved characters; keeps "/" when `keep_slashes`. */
void parameter_encode(struct text text, bool keep_slashes, struct buffer *out);

/* Returns the text of the scalar at `at`: the bytes of a string itself, else a text in the arena of
 * `out`, whose `full` is set when the arena is full. */
struct text parameter_text(enum field_type type, const void *at, struct buffer *out);
