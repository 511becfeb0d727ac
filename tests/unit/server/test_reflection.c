/* SPDX-License-Identifier: MIT */
/* Can a tool that knows nothing of the schema learn all of it by reflection, in both versions? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "grpc_client.h"
#include "scripted_server.h"

#include "google/protobuf/descriptor.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"

#include "base/banned.h"

#define FILE_NAME "huaweicloud/apig/v2/api_group_service.proto"
#define OWN_FILE_NAME "grpc/health/v1/health.proto"

#define ASKED(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define ANSWERED(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

typedef Grpc__Reflection__V1__ServerReflectionRequest request;
typedef Grpc__Reflection__V1__ServerReflectionResponse response;
typedef Grpc__Reflection__V1__ServerReflectionRequest__MessageRequestCase request_kind;
typedef Google__Protobuf__FileDescriptorProto file_descriptor;

static const char *const versions[] = {
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
};

struct trial {
    struct scripted_server server;
    struct grpc_client client;
    struct rpc *rpc;
};

static int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return -1;
    scripted_start(&trial->server, "");
    client_open(&trial->client, trial->server.loop, scripted_port(&trial->server));
    trial->rpc = rpc_open(&trial->client, versions[0]);
    *state = trial;
    return 0;
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    client_close(&trial->client);
    scripted_stop(&trial->server);
    free(trial);
    return 0;
}

/* The response to one request of the open stream, which the caller frees. */
static response *ask(struct trial *trial, const request *asked)
{
    uint8_t bytes[512];
    assert_true(grpc__reflection__v1__server_reflection_request__get_packed_size(asked) <=
                sizeof bytes);
    size_t size = grpc__reflection__v1__server_reflection_request__pack(asked, bytes);
    rpc_send(trial->rpc, (struct text){(char *)bytes, size});
    struct text message = rpc_must_receive(trial->rpc);
    response *read = grpc__reflection__v1__server_reflection_response__unpack(
        NULL, message.size, (const uint8_t *)message.data);
    assert_non_null(read);
    return read;
}

static void forget(response *read)
{
    grpc__reflection__v1__server_reflection_response__free_unpacked(read, NULL);
}

static request named(request_kind what, const char *name)
{
    request asked;
    grpc__reflection__v1__server_reflection_request__init(&asked);
    asked.message_request_case = what;
    asked.file_by_filename = (char *)(uintptr_t)name; /* one member of a union with the others */
    return asked;
}

static void expect_services(struct trial *trial)
{
    static const char *const services[] = {
        "huaweicloud.apig.v2.ApiGroupService", "huaweicloud.apig.v2.CertificateService",
        "huaweicloud.apig.v2.DomainService",   "huaweicloud.apig.v2.GatewayResponseService",
        "huaweicloud.apig.v2.InstanceService", "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"};
    const request asked = named(ASKED(LIST_SERVICES), "*");
    response *read = ask(trial, &asked);
    assert_int_equal(read->message_response_case, ANSWERED(LIST_SERVICES_RESPONSE));
    const Grpc__Reflection__V1__ListServiceResponse *list = read->list_services_response;
    assert_int_equal(list->n_service, array_length(services));
    for (size_t i = 0; i < array_length(services); i++)
        assert_string_equal(list->service[i]->name, services[i]);
    forget(read);
}

static void both_versions_list_all_services(void **state)
{
    struct trial *trial = *state;
    for (size_t i = 0; i < array_length(versions); i++) {
        trial->rpc = rpc_open(&trial->client, versions[i]);
        expect_services(trial);
    }
}

static file_descriptor *read_file(const response *read, size_t index)
{
    const ProtobufCBinaryData *bytes =
        &read->file_descriptor_response->file_descriptor_proto[index];
    file_descriptor *file =
        google__protobuf__file_descriptor_proto__unpack(NULL, bytes->len, bytes->data);
    assert_non_null(file);
    return file;
}

static size_t times_given(const response *read, const char *name)
{
    size_t times = 0;
    for (size_t i = 0; i < read->file_descriptor_response->n_file_descriptor_proto; i++) {
        file_descriptor *file = read_file(read, i);
        times += strcmp(file->name, name) == 0;
        google__protobuf__file_descriptor_proto__free_unpacked(file, NULL);
    }
    return times;
}

/* A client that has nothing else can link what it is given. */
static void expect_all_imports_once(const response *read)
{
    for (size_t i = 0; i < read->file_descriptor_response->n_file_descriptor_proto; i++) {
        file_descriptor *file = read_file(read, i);
        assert_int_equal(times_given(read, file->name), 1);
        for (size_t import = 0; import < file->n_dependency; import++)
            assert_int_equal(times_given(read, file->dependency[import]), 1);
        google__protobuf__file_descriptor_proto__free_unpacked(file, NULL);
    }
}

static void expect_file(struct trial *trial, request_kind what, const char *name,
                        const char *file_name)
{
    const request asked = named(what, name);
    response *read = ask(trial, &asked);
    if (read->message_response_case != ANSWERED(FILE_DESCRIPTOR_RESPONSE))
        fail_msg("%s: no file is given", name);
    file_descriptor *first = read_file(read, 0);
    assert_string_equal(first->name, file_name);
    google__protobuf__file_descriptor_proto__free_unpacked(first, NULL);
    expect_all_imports_once(read);
    forget(read);
}

static void a_file_comes_first_and_then_all_that_it_imports_once(void **state)
{
    expect_file(*state, ASKED(FILE_BY_FILENAME), FILE_NAME, FILE_NAME);
    expect_file(*state, ASKED(FILE_BY_FILENAME), OWN_FILE_NAME, OWN_FILE_NAME);
    expect_file(*state, ASKED(FILE_BY_FILENAME), "google/rpc/error_details.proto",
                "google/rpc/error_details.proto");
}

static void a_symbol_of_any_kind_leads_to_its_file(void **state)
{
    static const struct {
        const char *symbol, *file;
    } rows[] = {
        {"huaweicloud.apig.v2.ApiGroupService", FILE_NAME},
        {"huaweicloud.apig.v2.ApiGroupService.CreateApiGroup", FILE_NAME},
        {"huaweicloud.apig.v2.CreateApiGroupRequest", FILE_NAME},
        {"huaweicloud.apig.v2.CreateApiGroupRequest.name", FILE_NAME},
        {"grpc.health.v1.Health", OWN_FILE_NAME},
        {"grpc.health.v1.HealthCheckResponse.ServingStatus", OWN_FILE_NAME},
        {"grpc.reflection.v1alpha.ServerReflection", "grpc/reflection/v1alpha/reflection.proto"},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        expect_file(*state, ASKED(FILE_CONTAINING_SYMBOL), rows[i].symbol, rows[i].file);
}

static void expect_error(struct trial *trial, const request *asked, enum status_code code,
                         const char *says)
{
    response *read = ask(trial, asked);
    assert_int_equal(read->message_response_case, ANSWERED(ERROR_RESPONSE));
    assert_int_equal(read->error_response->error_code, code);
    if (!strstr(read->error_response->error_message, says))
        fail_msg("%s", read->error_response->error_message);
    forget(read);
}

static void an_unknown_name_is_an_error_and_the_stream_goes_on(void **state)
{
    struct trial *trial = *state;
    const request file = named(ASKED(FILE_BY_FILENAME), "un/known.proto"),
                  symbol = named(ASKED(FILE_CONTAINING_SYMBOL), "un.known"),
                  numbers = named(ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE), "un.Extended");
    expect_error(trial, &file, STATUS_NOT_FOUND, "file \"un/known.proto\"");
    expect_error(trial, &symbol, STATUS_NOT_FOUND, "symbol \"un.known\"");
    expect_error(trial, &numbers, STATUS_NOT_FOUND, "extension of \"un.Extended\"");
    expect_services(trial);
}

static void an_extension_is_not_found(void **state)
{
    Grpc__Reflection__V1__ExtensionRequest extension;
    request asked;
    grpc__reflection__v1__extension_request__init(&extension);
    grpc__reflection__v1__server_reflection_request__init(&asked);
    extension.containing_type = (char *)(uintptr_t) "google.protobuf.MethodOptions";
    extension.extension_number = 72295728;
    asked.message_request_case = ASKED(FILE_CONTAINING_EXTENSION);
    asked.file_containing_extension = &extension;
    expect_error(*state, &asked, STATUS_NOT_FOUND,
                 "extension of \"google.protobuf.MethodOptions\"");
}

static void a_request_for_nothing_is_invalid(void **state)
{
    request asked;
    grpc__reflection__v1__server_reflection_request__init(&asked);
    expect_error(*state, &asked, STATUS_INVALID_ARGUMENT, "nothing");
}

static void a_name_that_is_not_utf8_is_not_repeated(void **state)
{
    const request asked = named(ASKED(FILE_BY_FILENAME), "\xff\xfe.proto");
    expect_error(*state, &asked, STATUS_NOT_FOUND, "file \"?\"");
}

static void a_response_repeats_its_request(void **state)
{
    request asked = named(ASKED(FILE_BY_FILENAME), OWN_FILE_NAME);
    asked.host = (char *)(uintptr_t) "host.test";
    response *read = ask(*state, &asked);
    assert_string_equal(read->valid_host, "host.test");
    assert_string_equal(read->original_request->host, "host.test");
    assert_string_equal(read->original_request->file_by_filename, OWN_FILE_NAME);
    forget(read);
}

static void a_stream_ends_with_ok_when_its_client_has_no_more_requests(void **state)
{
    struct trial *trial = *state;
    expect_services(trial);
    rpc_finish(trial->rpc);
    rpc_expect(trial->rpc, STATUS_OK, "");
}

static void a_drain_ends_the_open_streams(void **state)
{
    struct trial *trial = *state;
    expect_services(trial);
    scripted_drain(&trial->server);
    rpc_expect(trial->rpc, STATUS_UNAVAILABLE, "shutting down");
    client_until(&trial->client, trial->server.is_drained);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        test(both_versions_list_all_services),
        test(a_file_comes_first_and_then_all_that_it_imports_once),
        test(a_symbol_of_any_kind_leads_to_its_file),
        test(an_unknown_name_is_an_error_and_the_stream_goes_on),
        test(an_extension_is_not_found),
        test(a_request_for_nothing_is_invalid),
        test(a_name_that_is_not_utf8_is_not_repeated),
        test(a_response_repeats_its_request),
        test(a_stream_ends_with_ok_when_its_client_has_no_more_requests),
        test(a_drain_ends_the_open_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
