/* SPDX-License-Identifier: MIT */
/* One JSON value read as one scalar. Between the parts of the JSON reader. */
#pragma once

#include "rest/json_text.h"
#include "schema/message.h"

/*
 * Reads the next value into `at`, as schema_type_bytes has it. False when it is no value of that
 * type: malformed text is told by source->broken. Not for FIELD_MESSAGE. `lenient`: a number
 * where a string is declared is taken as it is written, and a string that holds the value where a
 * bool or an enum's number is.
 */
must_use bool json_scalar(struct json_source *source, const struct schema_field *field,
                          bool lenient, void *at);

/* The same for the name of a map's member: numbers and bools come as strings. */
must_use bool json_map_key(struct json_source *source, const struct schema_field *key,
                           struct text name, void *at);
