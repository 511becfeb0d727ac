/* SPDX-License-Identifier: MIT */
/* The schema as the sidecar serves it: with constraints, and with the fields that options fill in.
 * Used at start, by one thread. */
#pragma once

#include "rest/fill.h"
#include "schema/schema.h"

struct served_settings {
    const char *descriptor_set;       /* a file; NULL: the embedded set alone */
    const struct text_list *patterns; /* of schema_serve */
    struct fill_source values;
};

/* Opens the schema, attaches to it and selects the methods. Fails as schema_open and schema_serve,
 * naming the file. The arena must outlive the schema. */
must_use bool served_open(const struct served_settings *settings, struct arena *arena,
                          struct schema **schema, struct status *status);
