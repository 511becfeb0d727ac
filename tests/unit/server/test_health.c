/* SPDX-License-Identifier: MIT */
/* Does health report the state of the server, and each change of it to its watchers? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "served_trial.h"

#include "grpc/health/v1/health.pb-c.h"

#include "base/banned.h"

#define CHECK "/grpc.health.v1.Health/Check"
#define WATCH "/grpc.health.v1.Health/Watch"
#define SERVICE "huaweicloud.apig.v2.ApiGroupService"

#define STATE(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

typedef Grpc__Health__V1__HealthCheckRequest request;
typedef Grpc__Health__V1__HealthCheckResponse response;

static struct rpc *ask(struct trial *trial, const char *path, const char *service)
{
    request asked;
    uint8_t bytes[128];
    grpc__health__v1__health_check_request__init(&asked);
    asked.service = (char *)(uintptr_t)service;
    size_t size = grpc__health__v1__health_check_request__pack(&asked, bytes);
    return rpc_call(&trial->client, path, (struct text){(char *)bytes, size});
}

static void expect_state(struct rpc *rpc, int state)
{
    struct text message = rpc_must_receive(rpc);
    response *read = grpc__health__v1__health_check_response__unpack(NULL, message.size,
                                                                     (const uint8_t *)message.data);
    assert_non_null(read);
    assert_int_equal(read->status, state);
    grpc__health__v1__health_check_response__free_unpacked(read, NULL);
}

static void expect_no_more(struct rpc *rpc)
{
    struct text message;
    assert_false(rpc_receive(rpc, &message));
}

static void expect_checked(struct trial *trial, const char *service, int state)
{
    struct rpc *rpc = ask(trial, CHECK, service);
    expect_state(rpc, state);
    rpc_expect(rpc, STATUS_OK, "");
}

static void a_check_reports_the_state_of_server_and_service(void **state)
{
    static const char *const services[] = {"", SERVICE};
    struct trial *trial = *state;
    for (size_t i = 0; i < array_length(services); i++) {
        server_set_serving(trial->server.server, false);
        expect_checked(trial, services[i], STATE(NOT_SERVING));
        server_set_serving(trial->server.server, true);
        expect_checked(trial, services[i], STATE(SERVING));
    }
}

static void a_server_is_not_serving_until_it_is_set_so(void **state)
{
    expect_checked(*state, "", STATE(NOT_SERVING));
}

static void a_check_of_an_unknown_service_is_not_found(void **state)
{
    static const char *const unknown[] = {"unknown.Service", "huaweicloud.apig.v2",
                                          "grpc.health.v1.Health"};
    struct trial *trial = *state;
    for (size_t i = 0; i < array_length(unknown); i++) {
        struct rpc *rpc = ask(trial, CHECK, unknown[i]);
        expect_no_more(rpc);
        rpc_expect(rpc, STATUS_NOT_FOUND, "unknown service");
        rpc_close(rpc);
    }
}

static void a_watcher_receives_the_state_and_each_change(void **state)
{
    static const int states[] = {STATE(SERVING), STATE(NOT_SERVING), STATE(SERVING)};
    struct trial *trial = *state;
    struct rpc *server = ask(trial, WATCH, "");
    struct rpc *service = ask(trial, WATCH, SERVICE);
    expect_state(server, STATE(NOT_SERVING));
    expect_state(service, STATE(NOT_SERVING));
    for (size_t i = 0; i < array_length(states); i++) {
        server_set_serving(trial->server.server, states[i] == STATE(SERVING));
        expect_state(server, states[i]);
        expect_state(service, states[i]);
    }
}

/* The next message would be the repeated one, if there was one. */
static void a_state_that_is_set_again_is_not_sent_again(void **state)
{
    struct trial *trial = *state;
    struct rpc *rpc = ask(trial, WATCH, "");
    expect_state(rpc, STATE(NOT_SERVING));
    server_set_serving(trial->server.server, false);
    expect_checked(trial, "", STATE(NOT_SERVING));
    server_set_serving(trial->server.server, true);
    expect_state(rpc, STATE(SERVING));
}

/* As health.proto asks for: the service may come to be. */
static void a_watcher_of_an_unknown_service_waits_and_receives_no_other_state(void **state)
{
    struct trial *trial = *state;
    struct rpc *rpc = ask(trial, WATCH, "unknown.Service");
    expect_state(rpc, STATE(SERVICE_UNKNOWN));
    rpc_listen(rpc);
    server_set_serving(trial->server.server, true);
    expect_checked(trial, "", STATE(SERVING));
    assert_false(rpc->received.is_done);
    assert_false(rpc->ended.is_done);
}

static void a_drain_reports_not_serving_and_ends_the_watchers(void **state)
{
    struct trial *trial = *state;
    server_set_serving(trial->server.server, true);
    struct rpc *rpc = ask(trial, WATCH, "");
    expect_state(rpc, STATE(SERVING));
    scripted_drain(&trial->server);
    expect_state(rpc, STATE(NOT_SERVING));
    expect_no_more(rpc);
    rpc_expect(rpc, STATUS_UNAVAILABLE, "shutting down");
    rpc_close(rpc);
    client_until(&trial->client, trial->server.is_drained);
}

#define WATCHERS 16

static bool may_watch(struct trial *trial)
{
    struct text message;
    struct rpc *rpc = ask(trial, WATCH, "");
    bool may = rpc_receive(rpc, &message);
    if (!may)
        rpc_expect(rpc, STATUS_RESOURCE_EXHAUSTED, "16 calls");
    rpc_close(rpc);
    return may;
}

static void watchers_above_the_bound_are_refused_until_one_leaves(void **state)
{
    struct rpc *rpcs[WATCHERS];
    struct trial *trial = *state;
    for (size_t i = 0; i < WATCHERS; i++) {
        rpcs[i] = ask(trial, WATCH, "");
        expect_state(rpcs[i], STATE(NOT_SERVING));
    }
    assert_false(may_watch(trial));
    expect_checked(trial, "", STATE(NOT_SERVING));
    rpc_close(rpcs[0]);
    client_until(&trial->client, may_watch(trial));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        test(a_server_is_not_serving_until_it_is_set_so),
        test(a_check_reports_the_state_of_server_and_service),
        test(a_check_of_an_unknown_service_is_not_found),
        test(a_watcher_receives_the_state_and_each_change),
        test(a_state_that_is_set_again_is_not_sent_again),
        test(a_watcher_of_an_unknown_service_waits_and_receives_no_other_state),
        test(a_drain_reports_not_serving_and_ends_the_watchers),
        test(watchers_above_the_bound_are_refused_until_one_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
