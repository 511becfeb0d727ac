/* SPDX-License-Identifier: MIT */
/* One JSON value read as one scalar. Between the parts of the JSON reader. Pure. */
#pragma once

#include "json/tokens.h"
#include "schema/message.h"

/*
 * Reads the next value into `at`, as schema_type_bytes has it; what is there stays when it fails.
 * False when it is no value of the field's type, or, told by source->broken, no JSON. Not for
 * FIELD_MESSAGE. A string that holds a number is read as that number. `lenient`: so is one that
 * holds a bool or an enum's number, and a number where a string is declared is taken as it is
 * written.
 */
must_use bool json_scalar(struct json_source *source, const struct schema_field *field,
                          bool lenient, void *at);

/* The same for the name of a map's member, where numbers and bools are strings; numbers are written
 * in the one usual way, so that equal keys are equal names. */
must_use bool json_map_key(struct json_source *source, const struct schema_field *key,
                           struct text name, void *at);
