/* SPDX-License-Identifier: MIT */
/* Does a server open whole or not at all, does it serve each method, and can it always be freed? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "served_trial.h"

#include "google/protobuf/descriptor.pb-c.h"

#include "base/banned.h"

/* It fails with that code and message, before any address is reported, and what was made can be
 * freed. */
static void expect_not_opened(const char *flags, struct text set, enum status_code code,
                              const char *says)
{
    struct scripted_server server;
    struct status status = {0};
    assert_false(scripted_open(&server, flags, set, &status));
    assert_int_equal(status.code, code);
    if (!strstr(status.message, says))
        fail_msg("%s", status.message);
    assert_int_equal(server.address_count, 0);
    assert_null(server.server);
    scripted_clear(&server);
}

static void freeing_no_server_does_nothing(void **state)
{
    (void)state;
    server_free(NULL);
}

static void an_address_in_use_ends_the_start(void **state)
{
    (void)state;
    struct scripted_server first;
    char flags[256];
    scripted_start(&first, "");
    snprintf(flags, sizeof flags, "--listen 127.0.0.1:0 --listen %s", first.addresses[0]);
    expect_not_opened(flags, schema_embedded(), STATUS_FAILED_PRECONDITION, first.addresses[0]);
    scripted_stop(&first);
}

static void a_certificate_that_cannot_be_read_ends_the_start(void **state)
{
    (void)state;
    expect_not_opened("--listen 127.0.0.1:0 --tls-cert-file /absent/cert.pem "
                      "--tls-key-file /absent/key.pem",
                      schema_embedded(), STATUS_FAILED_PRECONDITION, "/absent/cert.pem");
}

typedef Google__Protobuf__FileDescriptorProto file_descriptor;
typedef Google__Protobuf__ServiceDescriptorProto service_descriptor;
typedef Google__Protobuf__MethodDescriptorProto method_descriptor;
typedef Google__Protobuf__DescriptorProto message_descriptor;

#define text_member(literal) ((char *)(uintptr_t)(literal))

/* google.api.http (72295728) = {get: "/health"} */
static ProtobufCMessageUnknownField get_health = {72295728, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
                                                  10, (uint8_t *)(uintptr_t) "\x09\x12\x07/health"};

/* A set with one method of that name and an HTTP rule: /grpc.health.v1.Health/`name`. */
static struct text set_of_health(const char *name, uint8_t bytes[1024])
{
    message_descriptor empty, *messages[] = {&empty};
    method_descriptor method, *methods[] = {&method};
    service_descriptor service, *services[] = {&service};
    file_descriptor file, *files[] = {&file};
    Google__Protobuf__MethodOptions options;
    Google__Protobuf__FileDescriptorSet set;
    google__protobuf__descriptor_proto__init(&empty);
    google__protobuf__method_descriptor_proto__init(&method);
    google__protobuf__service_descriptor_proto__init(&service);
    google__protobuf__file_descriptor_proto__init(&file);
    google__protobuf__method_options__init(&options);
    google__protobuf__file_descriptor_set__init(&set);
    options.base.n_unknown_fields = 1;
    options.base.unknown_fields = &get_health;
    empty.name = text_member("Empty");
    method.name = text_member(name);
    method.input_type = method.output_type = text_member(".grpc.health.v1.Empty");
    method.options = &options;
    service.name = text_member("Health");
    service.n_method = 1;
    service.method = methods;
    file.name = text_member("health.proto");
    file.package = text_member("grpc.health.v1");
    file.syntax = text_member("proto3");
    file.n_message_type = file.n_service = 1;
    file.message_type = messages;
    file.service = services;
    set.n_file = 1;
    set.file = files;
    assert_true(protobuf_c_message_get_packed_size(&set.base) <= 1024);
    return (struct text){(char *)bytes, protobuf_c_message_pack(&set.base, bytes)};
}

static void a_schema_with_a_method_of_the_servers_own_ends_the_start(void **state)
{
    (void)state;
    struct scripted_server server;
    struct status status;
    uint8_t bytes[1024];
    expect_not_opened("--listen 127.0.0.1:0", set_of_health("Watch", bytes),
                      STATUS_INVALID_ARGUMENT, "/grpc.health.v1.Health/Watch");
    if (!scripted_open(&server, "--listen 127.0.0.1:0", set_of_health("Other", bytes), &status))
        fail_msg("%s", status.message);
    scripted_stop(&server);
}

static void each_address_is_reported_with_the_port_that_was_picked(void **state)
{
    (void)state;
    char folder[] = "/tmp/server-XXXXXX", flags[128], path[64];
    struct scripted_server server;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "unix:%s/socket", folder);
    snprintf(flags, sizeof flags, "--listen %s", path);
    scripted_start(&server, flags);
    assert_int_equal(server.address_count, 2);
    assert_memory_equal(server.addresses[0], "127.0.0.1:", 10);
    assert_int_not_equal(scripted_port(&server), 0);
    assert_string_equal(server.addresses[1], path);
    scripted_stop(&server);
    assert_int_equal(rmdir(folder), 0);
}

static void each_method_of_the_schema_reaches_the_handler(void **state)
{
    struct trial *trial = *state;
    size_t count;
    const struct schema_method *methods = schema_methods(trial->server.schema, &count);
    assert_int_not_equal(count, 0);
    for (size_t i = 0; i < count; i++) {
        struct rpc *rpc = rpc_call(&trial->client, methods[i].path, text_literal("request"));
        struct scripted_call *call = scripted_next(&trial->server);
        assert_ptr_equal(call_method(call->call), &methods[i]);
        scripted_succeed(call, "response");
        assert_true(text_equal(rpc_must_receive(rpc), text_literal("response")));
        rpc_expect(rpc, STATUS_OK, "");
    }
}

static void an_unknown_method_is_unimplemented_by_name_and_has_the_handlers_details(void **state)
{
    struct trial *trial = *state;
    struct rpc *rpc = rpc_call(&trial->client, "/un.Known/Method", text_literal(""));
    rpc_expect(rpc, STATUS_UNIMPLEMENTED, "/un.Known/Method: unknown method");
    assert_true(text_equal(rpc_metadata(&rpc->trailing, "grpc-status-details-bin"),
                           text_literal(SCRIPTED_DETAILS)));
    assert_true(text_equal(rpc_metadata(&rpc->trailing, "x-request-id"),
                           text_literal(SCRIPTED_REQUEST_ID)));
    assert_int_equal(atomic_load(&trial->server.refusals), 1);
    assert_int_equal(atomic_load(&trial->server.begun), 0);
}

static void many_calls_of_one_caller_are_under_way_together(void **state)
{
    struct trial *trial = *state;
    struct rpc *rpcs[SCRIPTED_CALLS];
    struct scripted_call *calls[SCRIPTED_CALLS];
    for (size_t i = 0; i < SCRIPTED_CALLS; i++) {
        rpcs[i] = rpc_call(&trial->client, CREATE, text_literal(""));
        calls[i] = scripted_next(&trial->server);
    }
    assert_int_equal(server_in_flight(trial->server.server), SCRIPTED_CALLS);
    assert_int_equal(server_connections(trial->server.server), 1);
    for (size_t i = SCRIPTED_CALLS; i-- > 0;) {
        scripted_fail(calls[i], STATUS_ABORTED, "enough");
        rpc_expect(rpcs[i], STATUS_ABORTED, "enough");
    }
    assert_int_equal(server_in_flight(trial->server.server), 0);
}

static void a_connection_counts_until_its_caller_closes_it(void **state)
{
    struct trial *trial = *state;
    struct grpc_client other;
    client_open(&other, trial->server.loop, scripted_port(&trial->server));
    struct rpc *rpc = rpc_call(&other, "/un.Known/Method", text_literal(""));
    rpc_expect(rpc, STATUS_UNIMPLEMENTED, "");
    assert_int_equal(server_connections(trial->server.server), 1);
    client_close(&other);
    client_until(&trial->client, server_connections(trial->server.server) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        cmocka_unit_test(freeing_no_server_does_nothing),
        cmocka_unit_test(an_address_in_use_ends_the_start),
        cmocka_unit_test(a_certificate_that_cannot_be_read_ends_the_start),
        cmocka_unit_test(a_schema_with_a_method_of_the_servers_own_ends_the_start),
        cmocka_unit_test(each_address_is_reported_with_the_port_that_was_picked),
        test(each_method_of_the_schema_reaches_the_handler),
        test(an_unknown_method_is_unimplemented_by_name_and_has_the_handlers_details),
        test(many_calls_of_one_caller_are_under_way_together),
        test(a_connection_counts_until_its_caller_closes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
