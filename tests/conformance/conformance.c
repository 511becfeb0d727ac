/* SPDX-License-Identifier: MIT */
/*
 * The test program that protobuf's official conformance runner talks to: it reads requests from
 * standard input and answers on standard output (conformance/conformance.proto), with the wire and
 * JSON readers and writers of the program. Its arguments are a descriptor set that holds
 * conformance.proto and the messages of the tests, and the style of the JSON: "protobuf", or "apig"
 * for requests and responses as the program has them without an option of a file.
 */
#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "json/json.h"
#include "message_type.h"
#include "schema/schema.h"
#include "schema/wire.h"
#include "system/file.h"

#include "base/banned.h"

#define LARGEST_SET (1 << 20)
#define LARGEST_REQUEST (64 << 20)
#define ARENA_BYTES ((size_t)1 << 30)

/* conformance.proto's WireFormat and TestCategory. */
enum { FORMAT_PROTOBUF = 1, FORMAT_JSON = 2 };
enum { CATEGORY_JSON_IGNORE_UNKNOWN = 3 };

static const struct json_style apig_style,
    protobuf_style = {.names = JSON_NAMES_JSON, .int64 = JSON_INT64_STRING, .enum_names = true};

struct exchange {
    const struct schema *schema;
    const struct json_style *style;
    const struct schema_message *request_type, *response_type;
    ProtobufCMessage *request, *response;
    struct arena arena;
};

static const struct schema_field *field_of(const struct schema_message *type, const char *name)
{
    const struct schema_field *field = schema_field_by_name(type, text_of(name));
    assert(field);
    return field;
}

static struct text request_text(const struct exchange *exchange, const char *name)
{
    const ProtobufCBinaryData *value =
        schema_value(exchange->request, field_of(exchange->request_type, name));
    return (struct text){(const char *)value->data, value->len};
}

static int32_t request_number(const struct exchange *exchange, const char *name)
{
    return *(int32_t *)schema_value(exchange->request, field_of(exchange->request_type, name));
}

static bool request_has(const struct exchange *exchange, const char *name)
{
    return schema_field_present(exchange->request, field_of(exchange->request_type, name));
}

static void respond_with(struct exchange *exchange, const char *name, struct text text)
{
    const struct schema_field *field = field_of(exchange->response_type, name);
    *(ProtobufCBinaryData *)schema_value(exchange->response, field) =
        (ProtobufCBinaryData){text.size, (uint8_t *)(uintptr_t)text.data};
    schema_field_mark_present(exchange->response, field);
}

static void respond_failure(struct exchange *exchange, const char *name,
                            const struct status *status)
{
    size_t bytes = strlen(status->message);
    const char *copy = memory_expect(arena_copy(&exchange->arena, status->message, bytes));
    respond_with(exchange, name, (struct text){copy, bytes});
}

static struct text pack(const struct schema_message *type, const ProtobufCMessage *message,
                        struct arena *arena)
{
    size_t size = wire_size(type, message);
    char *packed = memory_expect(arena_alloc(arena, size));
    wire_pack(type, message, size, packed);
    return (struct text){packed, size};
}

/* An enum's name that is not known counts as an unknown member. */
static void ignore(struct text path, const struct status *why, void *context)
{
    (void)path;
    (void)why;
    (void)context;
}

static bool read_payload(struct exchange *exchange, const struct schema_message *type,
                         ProtobufCMessage **message, struct status *status)
{
    bool may_ignore = request_number(exchange, "test_category") == CATEGORY_JSON_IGNORE_UNKNOWN;
    /* A member of a response that cannot be read is reported, which counts as a refusal here. */
    const struct json_read_options options = {
        .strict = exchange->style != &apig_style && !may_ignore,
        .unreadable = may_ignore ? ignore : NULL,
    };
    if (request_has(exchange, "protobuf_payload"))
        return wire_unpack(type, request_text(exchange, "protobuf_payload"), &exchange->arena,
                           message, status);
    return json_read(type, request_text(exchange, "json_payload"), &options, &exchange->arena,
                     message, status);
}

static void write_response(struct exchange *exchange, const struct schema_message *type,
                           const ProtobufCMessage *message)
{
    struct buffer json;
    struct status status;
    if (request_number(exchange, "requested_output_format") == FORMAT_PROTOBUF) {
        respond_with(exchange, "protobuf_payload", pack(type, message, &exchange->arena));
        return;
    }
    buffer_init(&json, &exchange->arena, 0);
    if (json_write(type, message, exchange->style, NULL, NULL, &json, &status))
        respond_with(exchange, "json_payload", buffer_text(&json));
    else
        respond_failure(exchange, "serialize_error", &status);
}

/* NULL when the program has nothing to do with what is asked: text format, proto2, editions. */
static const struct schema_message *type_to_test(const struct exchange *exchange)
{
    int32_t format = request_number(exchange, "requested_output_format");
    if ((format != FORMAT_PROTOBUF && format != FORMAT_JSON) ||
        (!request_has(exchange, "protobuf_payload") && !request_has(exchange, "json_payload")))
        return NULL;
    return message_type(exchange->schema, request_text(exchange, "message_type"));
}

static void respond_request(struct exchange *exchange)
{
    ProtobufCMessage *message;
    struct status status;
    const struct schema_message *type = type_to_test(exchange);
    if (!type)
        respond_with(exchange, "skipped", text_literal("not a format or message of this program"));
    else if (read_payload(exchange, type, &message, &status))
        write_response(exchange, type, message);
    else
        respond_failure(exchange, "parse_error", &status);
}

/* A number of bytes, in little endian, and that many bytes; false at the end. */
static bool receive(struct arena *arena, struct text *request)
{
    uint32_t bytes;
    if (fread(&bytes, sizeof bytes, 1, stdin) != 1)
        return false;
    bytes = le32toh(bytes);
    assert(bytes <= LARGEST_REQUEST);
    char *at = memory_expect(arena_alloc(arena, bytes));
    *request = (struct text){at, fread(at, 1, bytes, stdin)};
    return request->size == bytes;
}

static void send(struct text response)
{
    uint32_t bytes = htole32((uint32_t)response.size);
    fwrite(&bytes, sizeof bytes, 1, stdout);
    fwrite(response.data, 1, response.size, stdout);
    fflush(stdout);
}

/* Answers one request; false when there is none. */
static bool serve(const struct schema *schema, const struct json_style *style)
{
    struct exchange exchange = {
        .schema = schema,
        .style = style,
        .request_type = message_type(schema, text_literal("conformance.ConformanceRequest")),
        .response_type = message_type(schema, text_literal("conformance.ConformanceResponse")),
    };
    struct text request;
    struct status status;
    arena_init(&exchange.arena, ARENA_BYTES);
    bool received = receive(&exchange.arena, &request);
    if (received) {
        exchange.response =
            memory_expect(schema_message_new(exchange.response_type, &exchange.arena));
        if (wire_unpack(exchange.request_type, request, &exchange.arena, &exchange.request,
                        &status))
            respond_request(&exchange);
        else
            respond_failure(&exchange, "runtime_error", &status);
        send(pack(exchange.response_type, exchange.response, &exchange.arena));
    }
    arena_clear(&exchange.arena);
    return received;
}

int main(int count, char **arguments)
{
    struct arena arena;
    struct text set;
    struct schema *schema;
    struct status status;
    arena_init(&arena, LARGEST_SET);
    if (count != 3 || !file_read(arguments[1], LARGEST_SET, &arena, &set, &status) ||
        !schema_new_types(set, &schema, &status)) {
        fprintf(stderr, "%s\n",
                count == 3 ? status.message : "usage: conformance DESCRIPTOR_SET STYLE");
        return EXIT_FAILURE;
    }
    bool is_apig = strcmp(arguments[2], "apig") == 0;
    while (serve(schema, is_apig ? &apig_style : &protobuf_style))
        continue;
    schema_free(schema);
    arena_clear(&arena);
    return EXIT_SUCCESS;
}
