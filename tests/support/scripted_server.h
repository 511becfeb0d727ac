/* SPDX-License-Identifier: MIT */
/*
 * The whole server in this process, with the embedded schema and a handler that does nothing by
 * itself: a test waits for a call, looks at it, and replies. The test's thread is the main thread
 * and runs the loop. Include cmocka.h first.
 */
#pragma once

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "given.h"
#include "loop.h"
#include "schema/schema.h"
#include "server/server.h"

#define SCRIPTED_CALLS 32
#define CREATE "/huaweicloud.apig.v2.ApiGroupService/CreateApiGroup"

/* The detail and the request id that the handler adds to statuses of the server's own. */
#define SCRIPTED_DETAILS "\n\ttest.Extra"
#define SCRIPTED_REQUEST_ID "scripted-77"

/* One call as its handler has seen it. */
struct scripted_call {
    struct call *call;
    atomic_uint cancelled, committed, ended;
    atomic_bool is_good; /* of `committed` */
    bool is_replied;
};

struct scripted_server {
    struct config config;
    struct schema *schema;
    struct event_base *loop;
    struct server *server;
    struct scripted_call calls[SCRIPTED_CALLS];
    atomic_size_t begun;
    size_t taken;                 /* of those that have begun, by scripted_next */
    struct scripted_call refused; /* all that might not begin */
    atomic_uint refusals;         /* of those, and of calls that the front has refused */
    char addresses[4][SOCKET_ADDRESS_BYTES];
    size_t address_count;
    bool is_drained, is_draining;
};

static inline struct scripted_call *scripted_of(struct call *call)
{
    return *(struct scripted_call **)call_state(call);
}

static inline void scripted_begin(struct call *call, void *context)
{
    struct scripted_server *server = context;
    size_t index = atomic_load(&server->begun);
    struct status status;
    if (!call_may_begin(call, &status)) {
        *(struct scripted_call **)call_state(call) = &server->refused;
        atomic_fetch_add(&server->refusals, 1);
        call_reply(call, &status);
        return;
    }
    if (index == SCRIPTED_CALLS)
        abort();
    server->calls[index].call = call;
    *(struct scripted_call **)call_state(call) = &server->calls[index];
    atomic_store(&server->begun, index + 1);
}

static inline void scripted_cancelled(struct call *call, void *context)
{
    (void)context;
    atomic_fetch_add(&scripted_of(call)->cancelled, 1);
}

static inline void scripted_committed(struct call *call, bool good, void *context)
{
    (void)context;
    atomic_store(&scripted_of(call)->is_good, good);
    atomic_fetch_add(&scripted_of(call)->committed, 1);
}

static inline void scripted_end(struct call *call, void *context)
{
    (void)context;
    atomic_fetch_add(&scripted_of(call)->ended, 1);
}

static inline void scripted_refused_call(const struct call_refusal *refusal, struct arena *arena,
                                         struct call_refusal_trailers *trailers, void *context)
{
    (void)refusal, (void)arena;
    struct scripted_server *server = context;
    atomic_fetch_add(&server->refusals, 1);
    *trailers = (struct call_refusal_trailers){text_literal(SCRIPTED_DETAILS),
                                               text_literal(SCRIPTED_REQUEST_ID)};
}

static inline void scripted_listening(const char *address, void *context)
{
    struct scripted_server *server = context;
    assert_true(server->address_count < array_length(server->addresses));
    snprintf(server->addresses[server->address_count++], SOCKET_ADDRESS_BYTES, "%s", address);
}

static inline void scripted_refused(const char *why, void *context)
{
    (void)why, (void)context;
}

static inline void scripted_disconnected(const char *peer, const char *why, void *context)
{
    (void)peer, (void)why, (void)context;
}

static inline void scripted_drained(void *context)
{
    ((struct scripted_server *)context)->is_drained = true;
}

/* Opens it with these flags, "--max-message 1000", for a descriptor set; as server_open. */
static inline bool scripted_open(struct scripted_server *server, const char *flags, struct text set,
                                 struct status *status)
{
    memset(server, 0, sizeof *server);
    given_good(&server->config, flags, "");
    if (!schema_new(set, &server->schema, status))
        fail_msg("%s", status->message);
    server->loop = event_base_new();
    const struct call_handler handler = {.state_bytes = sizeof(struct scripted_call *),
                                         .begin = scripted_begin,
                                         .cancelled = scripted_cancelled,
                                         .committed = scripted_committed,
                                         .end = scripted_end,
                                         .refused = scripted_refused_call,
                                         .context = server};
    const struct server_events events = {.listening = scripted_listening,
                                         .refused = scripted_refused,
                                         .disconnected = scripted_disconnected,
                                         .drained = scripted_drained,
                                         .context = server};
    return server_open(&server->config, server->schema, server->loop, &handler, &events,
                       &server->server, status);
}

/* The same with the embedded set on a free port of the loopback address; this has to succeed. */
static inline void scripted_start(struct scripted_server *server, const char *flags)
{
    struct status status;
    char all[512];
    assert_true(snprintf(all, sizeof all, "--listen 127.0.0.1:0 %s", flags) < (int)sizeof all);
    if (!scripted_open(server, all, schema_embedded(), &status))
        fail_msg("%s", status.message);
}

static inline void scripted_reply(struct scripted_call *call, const struct status *status)
{
    call->is_replied = true;
    call_reply(call->call, status);
}

static inline void scripted_fail(struct scripted_call *call, enum status_code code,
                                 const char *message)
{
    struct status status;
    status_set(&status, code, "%s", message);
    scripted_reply(call, &status);
}

/* OK with these bytes as the response message. */
static inline void scripted_succeed(struct scripted_call *call, const char *response)
{
    struct status status;
    status_clear(&status);
    memcpy(call_response_space(call->call, strlen(response)), response, strlen(response));
    scripted_reply(call, &status);
}

static inline void scripted_drain(struct scripted_server *server)
{
    server->is_draining = true;
    server_drain(server->server);
}

/* Waits until all calls have ended. */
static inline void scripted_wait_drained(struct scripted_server *server)
{
    loop_until(server->loop, server->is_drained);
}

/* Waits for the next call that begins. */
static inline struct scripted_call *scripted_next(struct scripted_server *server)
{
    loop_until(server->loop, atomic_load(&server->begun) > server->taken);
    return &server->calls[server->taken++];
}

static inline void scripted_clear(struct scripted_server *server)
{
    server_free(server->server);
    event_base_free(server->loop);
    schema_free(server->schema);
    config_clear(&server->config);
}

/* Ends it in any state, also that of a test that has failed. */
static inline void scripted_stop(struct scripted_server *server)
{
    if (!server->is_draining)
        scripted_drain(server);
    server_refuse(server->server);
    server_cancel_all(server->server);
    for (size_t i = 0; i < atomic_load(&server->begun); i++)
        if (!server->calls[i].is_replied)
            scripted_fail(&server->calls[i], STATUS_UNKNOWN, "the test has ended");
    scripted_wait_drained(server);
    scripted_clear(server);
}

static inline uint16_t scripted_port(const struct scripted_server *server)
{
    return (uint16_t)strtoul(strrchr(server->addresses[0], ':') + 1, NULL, 10);
}
