/* SPDX-License-Identifier: MIT */
/* The strings of JSON (RFC 8259 section 7), read and written. Other folders write single strings
 * only. Pure; a source is used by one thread at a time. */
#pragma once

#include "json/tokens.h"

/* Takes a string and decodes it: `text` is a view of the source when the string has no escapes,
 * else in the arena. It is well-formed UTF-8. Fails as broken. */
must_use bool json_take_string(struct json_source *source, struct text *text);

/* Takes the name of an object's member and the colon behind it, as json_take_string does. */
must_use bool json_take_name(struct json_source *source, struct text *name);

/* Writes a string with its quotes. `text` is well-formed UTF-8. */
void json_add_string(struct buffer *out, struct text text);
