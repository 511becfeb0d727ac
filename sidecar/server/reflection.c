/* SPDX-License-Identifier: MIT */
#include "server/reflection.h"

#include <stdlib.h>

#include "base/memory.h"
#include "server/stream.h"

#include "grpc/reflection/v1/reflection.pb-c.h"

#include "base/banned.h"

#define STREAMS_OF_A_VERSION 100

typedef Grpc__Reflection__V1__ServerReflectionRequest request;
typedef Grpc__Reflection__V1__ServerReflectionResponse response;
typedef Grpc__Reflection__V1__FileDescriptorResponse file_response;
typedef Grpc__Reflection__V1__ListServiceResponse service_list;
typedef Grpc__Reflection__V1__ServiceResponse service_response;
typedef Grpc__Reflection__V1__ErrorResponse error_response;

/* Names as long as the generated ones hide what is said. */
#define ASKED(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define ANSWERED(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

/* The set with the services below, made by proto/embed.cmake: one that the operator mounts need not
 * have them. */
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

/* One question, and its answer while that is made. */
struct asking {
    const struct reflection *reflection;
    const request *query;
    response response;
    struct arena *arena;
};

static void *take(struct asking *asking, size_t bytes)
{
    return memory_expect(arena_alloc(asking->arena, bytes));
}

static void refuse(struct asking *asking, const struct status *status)
{
    error_response *error = take(asking, sizeof *error);
    grpc__reflection__v1__error_response__init(error);
    error->error_code = (int32_t)status->code;
    error->error_message =
        memory_expect(arena_copy(asking->arena, status->message, strlen(status->message)));
    asking->response.message_response_case = ANSWERED(ERROR_RESPONSE);
    asking->response.error_response = error;
}

static void refuse_unknown(struct asking *asking, const char *what, const char *name)
{
    struct status status;
    status_set(&status, STATUS_NOT_FOUND, "no %s \"%s\" is known here", what,
               text_is_utf8(text_of(name)) ? name : "?");
    refuse(asking, &status);
}

/* Files without repetition. */
struct files {
    struct asking *asking;
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
        const struct schema_file **grown = take(files->asking, room * sizeof *grown);
        if (files->count)
            memcpy(grown, files->list, files->count * sizeof *grown);
        files->list = grown;
        files->room = room;
    }
    files->list[files->count++] = file;
}

static void give(struct asking *asking, const struct files *files)
{
    file_response *given = take(asking, sizeof *given);
    grpc__reflection__v1__file_descriptor_response__init(given);
    given->n_file_descriptor_proto = files->count;
    given->file_descriptor_proto = take(asking, files->count * sizeof(ProtobufCBinaryData));
    for (size_t i = 0; i < files->count; i++) {
        struct text bytes = files->list[i]->bytes;
        given->file_descriptor_proto[i] =
            (ProtobufCBinaryData){bytes.size, (uint8_t *)(uintptr_t)bytes.data};
    }
    asking->response.message_response_case = ANSWERED(FILE_DESCRIPTOR_RESPONSE);
    asking->response.file_descriptor_response = given;
}

/* The file and all that it imports, itself first. */
static void give_with_imports(struct asking *asking, const struct schema *source,
                              const struct schema_file *file)
{
    struct files files = {.asking = asking};
    add_file(&files, file);
    for (size_t i = 0; i < files.count; i++)
        for (size_t import = 0; import < files.list[i]->import_count; import++)
            add_file(&files, schema_file_by_name(source, files.list[i]->imports[import]));
    give(asking, &files);
}

typedef const struct schema_file *find_file(const struct schema *schema, struct text name);

/* In what is served, then in what serves it. */
static void give_found(struct asking *asking, find_file *find, const char *what, const char *name)
{
    const struct schema *sources[] = {asking->reflection->schema, asking->reflection->own};
    for (size_t i = 0; i < array_length(sources); i++) {
        const struct schema_file *file = find(sources[i], text_of(name));
        if (!file)
            continue;
        give_with_imports(asking, sources[i], file);
        return;
    }
    refuse_unknown(asking, what, name);
}

static void respond_file_by_name(struct asking *asking)
{
    give_found(asking, schema_file_by_name, "file", asking->query->file_by_filename);
}

static void respond_file_by_symbol(struct asking *asking)
{
    give_found(asking, schema_file_by_symbol, "symbol", asking->query->file_containing_symbol);
}

static void respond_extension(struct asking *asking)
{
    refuse_unknown(asking, "extension of",
                   asking->query->file_containing_extension->containing_type);
}

static void respond_extension_numbers(struct asking *asking)
{
    refuse_unknown(asking, "extension of", asking->query->all_extension_numbers_of_type);
}

static void add_service(struct asking *asking, service_list *list, struct text name)
{
    service_response *service = take(asking, sizeof *service);
    grpc__reflection__v1__service_response__init(service);
    service->name = memory_expect(arena_copy(asking->arena, name.data, name.size));
    list->service[list->n_service++] = service;
}

static void respond_services(struct asking *asking)
{
    size_t count;
    const struct text *services = schema_services(asking->reflection->schema, &count);
    service_list *list = take(asking, sizeof *list);
    grpc__reflection__v1__list_service_response__init(list);
    list->service = take(asking, (count + array_length(own_services)) * sizeof(service_response *));
    for (size_t i = 0; i < count; i++)
        add_service(asking, list, services[i]);
    for (size_t i = 0; i < array_length(own_services); i++)
        add_service(asking, list, text_of(own_services[i]));
    asking->response.message_response_case = ANSWERED(LIST_SERVICES_RESPONSE);
    asking->response.list_services_response = list;
}

static void respond_nothing(struct asking *asking)
{
    struct status status;
    status_set(&status, STATUS_INVALID_ARGUMENT, "the request asks for nothing");
    refuse(asking, &status);
}

static void (*const responses[])(struct asking *asking) = {
    [ASKED(_NOT_SET)] = respond_nothing,
    [ASKED(FILE_BY_FILENAME)] = respond_file_by_name,
    [ASKED(FILE_CONTAINING_SYMBOL)] = respond_file_by_symbol,
    [ASKED(FILE_CONTAINING_EXTENSION)] = respond_extension,
    [ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE)] = respond_extension_numbers,
    [ASKED(LIST_SERVICES)] = respond_services,
};

static void on_asked(struct stream *stream, const ProtobufCMessage *message, struct arena *arena)
{
    request *query = (request *)(uintptr_t)message;
    struct asking asking = {.reflection = stream_context(stream), .query = query, .arena = arena};
    grpc__reflection__v1__server_reflection_response__init(&asking.response);
    asking.response.valid_host = query->host;
    asking.response.original_request = query;
    responses[query->message_request_case](&asking);
    stream_send(stream, &asking.response.base);
}

/* The two versions differ in nothing but their name. */
#define VERSION(version)                                                                           \
    {                                                                                              \
        .path = "/grpc.reflection." version ".ServerReflection/ServerReflectionInfo",              \
        .request = &grpc__reflection__v1__server_reflection_request__descriptor,                   \
        .is_dialogue = true, .most = STREAMS_OF_A_VERSION, .on_request = on_asked                  \
    }

static const struct stream_method methods[] = {VERSION("v1"), VERSION("v1alpha")};

struct reflection *reflection_new(grpc_server *server, grpc_completion_queue *queue,
                                  const struct schema *schema, struct rpc_tracker *tracker)
{
    struct reflection *reflection = memory_expect(calloc(1, sizeof *reflection));
    struct text own = {(const char *)own_set_bytes, own_set_size};
    struct status status;
    reflection->schema = schema;
    /* It is linked in, so that it is good or bad for all runs alike. */
    if (!schema_new_types(own, &reflection->own, &status))
        abort();
    reflection->streams =
        streams_new(server, queue, tracker, methods, array_length(methods), reflection);
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

void reflection_free(struct reflection *reflection)
{
    if (!reflection)
        return;
    streams_free(reflection->streams);
    schema_free(reflection->own);
    free(reflection);
}
