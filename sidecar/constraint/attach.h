/* SPDX-License-Identifier: MIT */
/* The constraints of a schema's types, read once at start by whoever opened the schema and will
 * validate messages with it. Used by one thread. */
#pragma once

#include "base/status.h"
#include "schema/schema.h"

/*
 * Reads the buf.validate options of all message types and sets the `constraints` of their fields
 * and messages, and has_constraints. They are freed with the schema. INVALID_ARGUMENT, beginning
 * with file, message and field, on a rule that is not enforced or cannot be; then no message of the
 * schema may be validated. To be called once for a schema.
 */
must_use bool constraint_attach(struct schema *schema, struct status *status);

/* schema_open and constraint_attach in one call. */
must_use bool constraint_open(const char *file, struct arena *arena, struct schema **schema,
                              struct status *status);
