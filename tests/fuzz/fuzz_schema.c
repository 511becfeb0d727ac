/* SPDX-License-Identifier: MIT */
/* Can any bytes, read as a descriptor set, do harm? A schema that is built from them must read an
 * empty message of each type of its methods. */
#include "schema/schema.h"

#include <stdlib.h>

#include "constraint/attach.h"
#include "schema/wire.h"

static void read_empty(const struct schema_message *type)
{
    struct arena arena;
    struct status status;
    ProtobufCMessage *message;
    arena_init(&arena, 1 << 20);
    bool read = wire_unpack(type, (struct text){NULL, 0}, &arena, &message, &status);
    if (read != (type->size <= 1 << 20))
        abort();
    arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text bytes = {(const char *)data, size};
    struct schema *schema;
    struct status status;
    if (schema_new_types(bytes, &schema, &status)) {
        (void)!constraint_attach(schema, &status);
        schema_free(schema);
    }
    if (!schema_new(bytes, &schema, &status))
        return 0;
    size_t count;
    const struct schema_method *methods = schema_methods(schema, &count);
    for (size_t i = 0; i < count; i++) {
        read_empty(methods[i].request);
        read_empty(methods[i].response);
    }
    schema_free(schema);
    return 0;
}
