/* SPDX-License-Identifier: MIT */
/* Attaches the constraints of buf.validate to the types of a schema. The code that opens a schema
 * calls this once, at start, if messages will be validated. Used by one thread. */
#pragma once

#include "base/status.h"
#include "schema/schema.h"

/*
 * Reads the buf.validate options of all message types and sets `constraints` and has_constraints of
 * messages and fields. The schema frees them. INVALID_ARGUMENT, beginning with file, message and
 * field, on a rule that is not enforced or does not fit its field; the schema then has constraints
 * in part and must not be used for validation.
 */
must_use bool constraint_attach(struct schema *schema, struct status *status);

/* schema_open and constraint_attach in one call. */
must_use bool constraint_open(const char *file, struct arena *arena, struct schema **schema,
                              struct status *status);
