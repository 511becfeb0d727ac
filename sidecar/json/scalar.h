/* SPDX-License-Identifier: MIT */
/* Reading of one scalar. For the files of this folder. Pure; a source is used by one thread at a
 * time. */
#pragma once

#include "json/tokens.h"
#include "schema/message.h"

/*
 * Reads the next value into `at`, in the form of schema_type_bytes; `at` stays as it was after a
 * failure. Not for FIELD_MESSAGE. False when the value does not have the type of the field, or, if
 * source->broken, when the text is not JSON. A string that holds a number is read as that number.
 * `lenient` also accepts a string that holds a bool or the number of an enum, and takes a number
 * where a string is declared as the text that it is written in.
 */
must_use bool json_scalar(struct json_source *source, const struct schema_field *field,
                          bool lenient, void *at);

/* The same for the name of a map's member, in which numbers and bools are strings. A number has to
 * be written in its shortest form, so that equal keys have equal names. */
must_use bool json_map_key(struct json_source *source, const struct schema_field *key,
                           struct text name, void *at);
