/* SPDX-License-Identifier: MIT */
/* Which fields fit a query: scalars, repeated scalars, and messages of such fields that are not
 * repeated (google/api/http.proto). Used at start, by one thread. */
#pragma once

#include "base/status.h"
#include "schema/schema.h"

/* Notes about each type which of its fields do not fit, once all types are built. */
void query_fit_note(const struct schema_type *types, size_t count);

/* INVALID_ARGUMENT, naming a field, when one of the request that is not `body`, which may be NULL,
 * does not fit. */
must_use bool query_fit_check(const struct schema_message *request, const struct schema_field *body,
                              struct status *status);
