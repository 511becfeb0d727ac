/* SPDX-License-Identifier: MIT */
/* The message types of a schema by name, which the program itself reaches from its methods only. */
#pragma once

#include "schema/schema.h"

/* The type of that full name; NULL when it was not built. */
static inline const struct schema_message *message_type(const struct schema *schema,
                                                        struct text full_name)
{
    size_t count;
    const struct schema_type *types = schema_types(schema, &count);
    for (size_t i = 0; i < count; i++)
        if (text_equal(types[i].message->full_name, full_name))
            return types[i].message;
    return NULL;
}
