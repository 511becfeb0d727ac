/* SPDX-License-Identifier: MIT */
/* The pieces of a path template; between rule.c, which reads them, and expand.c, which fills them
 * in. */
#pragma once

#include "schema/rule.h"

struct rule_segment {
    struct text literal;               /* sent as it is, slashes included; empty for a variable */
    const struct field_path *variable; /* NULL for a literal */
    struct text pattern;               /* of a variable, as it stands behind its "=" */
    bool multiple;                     /* it may hold slashes */
};

/* Puts a scalar's text form into `out`, without quotes: decimal numbers, enums by number, true and
 * false, bytes in base64. `at` is the value's place in memory. */
void scalar_text(const struct schema_field *field, const void *at, struct buffer *out);

/* Percent-encodes all but RFC 3986's unreserved characters, and keeps "/" when `keep_slashes`. */
void percent_encode(struct text text, bool keep_slashes, struct buffer *out);
