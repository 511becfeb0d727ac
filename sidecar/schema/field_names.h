/* SPDX-License-Identifier: MIT */
/* The names that fields have in JSON. For schema/type.c, at start, by one thread. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "schema/message.h"

/* Sets the JSON keys of a field whose name is set. `json_name` is that of its descriptor, or NULL;
 * one that is not `is_declared` and is the default is taken to be protoc's own.
 * INVALID_ARGUMENT on one that cannot be written as it is: it has to be UTF-8 without quotes,
 * backslashes and control characters. */
must_use bool field_names_set(struct schema_field *field, const char *json_name, bool is_declared,
                              struct arena *arena, struct status *status);

/* Makes the tables of the names of a message's fields, whose keys are set. INVALID_ARGUMENT when
 * the name or json_name of a field is that of another one, in the words of protoc. */
must_use bool field_names_index(struct schema_message *message, struct arena *arena,
                                struct status *status);
