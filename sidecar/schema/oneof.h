/* SPDX-License-Identifier: MIT */
/* The oneofs of a message type. Used at start, by one thread. */
#pragma once

#include "schema/descriptor_set.h"
#include "schema/schema.h"

/* Lists the oneofs of a message whose fields are built, as declared. */
const struct schema_oneof *oneofs_list(const message_proto *message,
                                       const struct schema_field *fields, struct arena *arena);
