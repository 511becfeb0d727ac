/* SPDX-License-Identifier: MIT */
#include "server/reflection.h"

#include <stdlib.h>

#include "base/memory.h"
#include "server/stream.h"

#include "grpc/reflection/v1/reflection.pb-c.h"

#include "base/banned.h"

#define VERSION_STREAMS 100

typedef Grpc__Reflection__V1__ServerReflectionRequest request;
typedef Grpc__Reflection__V1__ServerReflectionResponse response;
typedef Grpc__Reflection__V1__FileDescriptorResponse file_response;
typedef Grpc__Reflection__V1__ListServiceResponse service_list;
typedef Grpc__Reflection__V1__ServiceResponse service_response;
typedef Grpc__Reflection__V1__ErrorResponse error_response;

#define REQUEST_CASE(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define RESPONSE_CASE(name)                                                                        \
    GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

/* The descriptor set of the services below, which a set that the operator mounts need not have.
 * Made by proto/embed.cmake. */
extern const unsigned char own_set_bytes[];
extern const size_t own_set_size;

static const char *const own_services[] = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
};

struct reflection {
    struct streams *streams;
    const struct schema *schema;
    struct schema *own;
};

/* A request and the response that is being made. */
struct query {
    const struct reflection *reflection;
    const request *request;
    response response;
    struct arena *arena;
};

static void *allocate(struct query *query, size_t bytes)
{
    return memory_expect(arena_alloc(query->arena, bytes));
}

static void respond_error(struct query *query, const struct status *status)
{
    error_response *error = allocate(query, sizeof *error);
    grpc__reflection__v1__error_response__init(error);
    error->error_code = (int32_t)status->code;
    error->error_message =
        memory_expect(arena_copy(query->arena, status->message, strlen(status->message)));
    query->response.message_response_case = RESPONSE_CASE(ERROR_RESPONSE);
    query->response.error_response = error;
}

static void respond_unknown(struct query *query, const char *what, const char *name)
{
    struct status status;
    status_set(&status, STATUS_NOT_FOUND, "unknown %s \"%s\"", what,
               text_is_utf8(text_of(name)) ? name : "?");
    respond_error(query, &status);
}

/* A list of files, each once. */
struct files {
    struct query *query;
    const struct schema_file **list;
    size_t count, room;
};

static void add_file(struct files *files, const struct schema_file *file)
{
    for (size_t i = 0; i < files->count; i++)
        if (files->list[i] == file)
            return;
    if (files->count == files->room) {
        size_t room = files->room ? files->room * 2 : 16;
        const struct schema_file **grown = allocate(files->query, room * sizeof *grown);
        if (files->count)
            memcpy(grown, files->list, files->count * sizeof *grown);
        files->list = grown;
        files->room = room;
    }
    files->list[files->count++] = file;
}

static void respond_files(struct query *query, const struct files *files)
{
    file_response *list = allocate(query, sizeof *list);
    grpc__reflection__v1__file_descriptor_response__init(list);
    list->n_file_descriptor_proto = files->count;
    list->file_descriptor_proto = allocate(query, files->count * sizeof(ProtobufCBinaryData));
    for (size_t i = 0; i < files->count; i++) {
        struct text bytes = files->list[i]->bytes;
        list->file_descriptor_proto[i] =
            (ProtobufCBinaryData){bytes.size, (uint8_t *)(uintptr_t)bytes.data};
    }
    query->response.message_response_case = RESPONSE_CASE(FILE_DESCRIPTOR_RESPONSE);
    query->response.file_descriptor_response = list;
}

/* Responds with the file, and after it all files that it imports. */
static void respond_with_imports(struct query *query, const struct schema *source,
                                 const struct schema_file *file)
{
    struct files files = {.query = query};
    add_file(&files, file);
    for (size_t i = 0; i < files.count; i++)
        for (size_t import = 0; import < files.list[i]->import_count; import++)
            add_file(&files, schema_file_by_name(source, files.list[i]->imports[import]));
    respond_files(query, &files);
}

typedef const struct schema_file *find_file(const struct schema *schema, struct text name);

/* Searches the schema that is served, then that of health and reflection. */
static void respond_found(struct query *query, find_file *find, const char *what, const char *name)
{
    const struct schema *sources[] = {query->reflection->schema, query->reflection->own};
    for (size_t i = 0; i < array_length(sources); i++) {
        const struct schema_file *file = find(sources[i], text_of(name));
        if (!file)
            continue;
        respond_with_imports(query, sources[i], file);
        return;
    }
    respond_unknown(query, what, name);
}

static void respond_file_by_name(struct query *query)
{
    respond_found(query, schema_file_by_name, "file", query->request->file_by_filename);
}

static void respond_file_by_symbol(struct query *query)
{
    respond_found(query, schema_file_by_symbol, "symbol", query->request->file_containing_symbol);
}

static void respond_extension(struct query *query)
{
    respond_unknown(query, "extension of",
                    query->request->file_containing_extension->containing_type);
}

static void respond_extension_numbers(struct query *query)
{
    respond_unknown(query, "extension of", query->request->all_extension_numbers_of_type);
}

static void add_service(struct query *query, service_list *list, struct text name)
{
    service_response *service = allocate(query, sizeof *service);
    grpc__reflection__v1__service_response__init(service);
    service->name = memory_expect(arena_copy(query->arena, name.data, name.size));
    list->service[list->n_service++] = service;
}

static void respond_services(struct query *query)
{
    size_t count;
    const struct text *services = schema_services(query->reflection->schema, &count);
    service_list *list = allocate(query, sizeof *list);
    grpc__reflection__v1__list_service_response__init(list);
    list->service =
        allocate(query, (count + array_length(own_services)) * sizeof(service_response *));
    for (size_t i = 0; i < count; i++)
        add_service(query, list, services[i]);
    for (size_t i = 0; i < array_length(own_services); i++)
        add_service(query, list, text_of(own_services[i]));
    query->response.message_response_case = RESPONSE_CASE(LIST_SERVICES_RESPONSE);
    query->response.list_services_response = list;
}

static void respond_empty_request(struct query *query)
{
    struct status status;
    status_set(&status, STATUS_INVALID_ARGUMENT, "the request names nothing to look up");
    respond_error(query, &status);
}

static void (*const responses[])(struct query *query) = {
    [REQUEST_CASE(_NOT_SET)] = respond_empty_request,
    [REQUEST_CASE(FILE_BY_FILENAME)] = respond_file_by_name,
    [REQUEST_CASE(FILE_CONTAINING_SYMBOL)] = respond_file_by_symbol,
    [REQUEST_CASE(FILE_CONTAINING_EXTENSION)] = respond_extension,
    [REQUEST_CASE(ALL_EXTENSION_NUMBERS_OF_TYPE)] = respond_extension_numbers,
    [REQUEST_CASE(LIST_SERVICES)] = respond_services,
};

static void on_request(struct stream *stream, const ProtobufCMessage *message, struct arena *arena)
{
    request *received = (request *)(uintptr_t)message;
    struct query query = {
        .reflection = stream_context(stream), .request = received, .arena = arena};
    grpc__reflection__v1__server_reflection_response__init(&query.response);
    query.response.valid_host = received->host;
    query.response.original_request = received;
    responses[received->message_request_case](&query);
    stream_send(stream, &query.response.base);
}

/* The two versions differ in their name only. */
#define VERSION(version)                                                                           \
    {                                                                                              \
        .path = "/grpc.reflection." version ".ServerReflection/ServerReflectionInfo",              \
        .request = &grpc__reflection__v1__server_reflection_request__descriptor,                   \
        .is_dialogue = true, .most = VERSION_STREAMS, .on_request = on_request                     \
    }

static const struct stream_method methods[] = {VERSION("v1"), VERSION("v1alpha")};

struct reflection *reflection_new(struct core *core, const struct schema *schema)
{
    struct reflection *reflection = memory_expect(calloc(1, sizeof *reflection));
    struct text own = {(const char *)own_set_bytes, own_set_size};
    struct status status;
    reflection->schema = schema;
    /* The set is linked in, so that an error is a bug. */
    if (!schema_new_types(own, &reflection->own, &status))
        abort();
    reflection->streams = streams_new(core, methods, array_length(methods), reflection);
    return reflection;
}

void reflection_start(struct reflection *reflection)
{
    streams_start(reflection->streams);
}

void reflection_end(struct reflection *reflection)
{
    streams_end(reflection->streams);
}

void reflection_end_undelivered(struct reflection *reflection)
{
    streams_end_undelivered(reflection->streams);
}

void reflection_free(struct reflection *reflection)
{
    if (!reflection)
        return;
    streams_free(reflection->streams);
    schema_free(reflection->own);
    free(reflection);
}
