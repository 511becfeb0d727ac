/* SPDX-License-Identifier: MIT */
/* Attaches the constraints of buf.validate to the types of a schema. The code that opens a schema
 * calls this once, at start, if messages will be validated. Used by one thread. */
#pragma once

#include "base/status.h"
#include "schema/schema.h"

/*
 * Reads the buf.validate options of all message types and sets `constraints` and has_constraints of
 * messages and fields. The schema frees them. A type with a rule that is not enforced or does not
 * fit its field is refused, with a reason that begins with file, message and field. Before
 * schema_serve, which fails when this has stopped because no memory is left.
 */
void constraint_attach(struct schema *schema);
