/* SPDX-License-Identifier: MIT */
/*
 * The text of a value in the path and the query of a request: numbers in decimal, NaN, Infinity,
 * -Infinity; true and false; enums by number or name, as in bodies; bytes in base64 of the URL
 * alphabet, with padding. For rest/path.c and rest/query.c. Pure; any thread.
 */
#pragma once

#include "base/text.h"
#include "schema/json_style.h"
#include "schema/message.h"

/* Percent-encodes all but the unreserved characters; keeps "/" when `keep_slashes`. */
void parameter_encode(struct text text, bool keep_slashes, struct buffer *out);

/* Returns the text of the scalar at `at`, a value of a field that is not a string, in the arena of
 * `out`, whose `full` is set when the arena is full. */
struct text parameter_text_of_other(const struct schema_field *field, const void *at,
                                    const struct json_style *style, struct buffer *out);

/* The same for a value of any field; of a string its bytes themselves. */
static inline struct text parameter_text(const struct schema_field *field, const void *at,
                                         const struct json_style *style, struct buffer *out)
{
    return field->type == FIELD_STRING ? schema_text(at)
                                       : parameter_text_of_other(field, at, style, out);
}
