/* SPDX-License-Identifier: MIT */
/* Can any bytes, read as a descriptor set, do harm? A schema that is built from them must read an
 * empty message of each type of its methods, and encode it as a request or refuse it. */
#include "schema/schema.h"

#include <stdlib.h>

#include "constraint/attach.h"
#include "rest/request.h"
#include "schema/wire.h"

static void read_empty(const struct schema_message *type, const struct schema_method *encoded_by)
{
    struct arena arena;
    struct status status = {.code = STATUS_OK};
    ProtobufCMessage *message;
    struct http_request request;
    arena_init(&arena, 1 << 20);
    bool read = wire_unpack(type, (struct text){NULL, 0}, &arena, &message, &status);
    if (read != (type->size <= 1 << 20))
        abort();
    if (read && encoded_by) {
        bool encoded =
            request_encode(encoded_by, message, (struct text){NULL, 0}, &arena, &request, &status);
        if (encoded != (status.code == STATUS_OK))
            abort();
    }
    arena_clear(&arena);
}

static void check_served(const struct schema *schema)
{
    size_t count;
    const struct schema_method *methods = schema_methods(schema, &count);
    for (size_t i = 0; i < count; i++) {
        read_empty(methods[i].request, &methods[i]);
        read_empty(methods[i].response, NULL);
        if (schema_method_find(schema, text_of(methods[i].path)) != &methods[i] ||
            schema_unserved_reason(schema, text_of(methods[i].path)))
            abort();
    }
}

static void check_unserved(const struct schema *schema)
{
    size_t count;
    const struct schema_unserved *unserved = schema_unserved(schema, &count);
    for (size_t i = 0; i < count; i++)
        if (schema_method_find(schema, text_of(unserved[i].path)) ||
            schema_unserved_reason(schema, text_of(unserved[i].path)) != unserved[i].reason)
            abort();
}

/* With all files optional, so that what cannot be served does not hide the rest. */
static void serve(struct text bytes)
{
    struct schema *schema;
    struct status status;
    if (!schema_read(bytes, SIZE_MAX, &schema, &status))
        return;
    constraint_attach(schema);
    if (schema_serve(schema, NULL, &status)) {
        check_served(schema);
        check_unserved(schema);
    }
    schema_free(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text bytes = {(const char *)data, size};
    struct schema *schema;
    struct status status;
    if (schema_new_types(bytes, &schema, &status)) {
        constraint_attach(schema);
        schema_free(schema);
    }
    serve(bytes);
    return 0;
}
