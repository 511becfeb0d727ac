/* SPDX-License-Identifier: MIT */
#include "server/health.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "server/stream.h"

#include "grpc/health/v1/health.pb-c.h"

#include "base/banned.h"

#define STREAMS_OF_WATCH 100

typedef Grpc__Health__V1__HealthCheckRequest request;
typedef Grpc__Health__V1__HealthCheckResponse response;
typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus serving_status;

/* Names as long as the generated ones hide what is said. */
#define STATE(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

struct health {
    struct streams *streams;
    const struct schema *schema;
    atomic_bool serving;
};

/* The state of a stream of Watch. */
struct watch {
    bool on_request, knows; /* whether the service that was asked for is one of ours */
    serving_status told;
};

static bool is_known(const struct health *health, struct text service)
{
    size_t count;
    const struct text *services = schema_services(health->schema, &count);
    for (size_t i = 0; i < count; i++)
        if (text_equal(services[i], service))
            return true;
    return service.size == 0;
}

static serving_status state_now(struct health *health)
{
    return atomic_load(&health->serving) ? STATE(SERVING) : STATE(NOT_SERVING);
}

static void tell(struct stream *stream, serving_status state)
{
    response told;
    grpc__health__v1__health_check_response__init(&told);
    told.status = state;
    stream_send(stream, &told.base);
}

static void on_check(struct stream *stream, const ProtobufCMessage *on_request, struct arena *arena)
{
    (void)arena;
    struct health *health = stream_context(stream);
    struct status status;
    status_clear(&status);
    if (is_known(health, text_of(((const request *)on_request)->service)))
        tell(stream, state_now(health));
    else
        status_set(&status, STATUS_NOT_FOUND, "no such service; an empty name asks for the server");
    stream_finish(stream, &status);
}

/* A change that was overtaken by another one while the caller read slowly is never told. */
static void log_result(struct stream *stream)
{
    struct health *health = stream_context(stream);
    struct watch *watch = stream_state(stream);
    serving_status now = watch->knows ? state_now(health) : STATE(SERVICE_UNKNOWN);
    if (!watch->on_request || now == watch->told)
        return;
    watch->told = now;
    tell(stream, now);
}

static void on_watch(struct stream *stream, const ProtobufCMessage *on_request, struct arena *arena)
{
    (void)arena;
    struct watch *watch = stream_state(stream);
    watch->on_request = true;
    watch->knows =
        is_known(stream_context(stream), text_of(((const request *)on_request)->service));
    log_result(stream);
}

static const struct stream_method methods[] = {
    {.path = "/grpc.health.v1.Health/Check",
     .request = &grpc__health__v1__health_check_request__descriptor,
     .on_request = on_check},
    {.path = "/grpc.health.v1.Health/Watch",
     .request = &grpc__health__v1__health_check_request__descriptor,
     .most = STREAMS_OF_WATCH,
     .state_bytes = sizeof(struct watch),
     .on_request = on_watch,
     .on_writable = log_result},
};

struct health *health_new(grpc_server *server, grpc_completion_queue *queue,
                          const struct schema *schema, struct rpc_tracker *tracker)
{
    struct health *health = memory_expect(calloc(1, sizeof *health));
    health->schema = schema;
    health->streams = streams_new(server, queue, tracker, methods, array_length(methods), health);
    return health;
}

void health_start(struct health *health)
{
    streams_start(health->streams);
}

void health_set(struct health *health, bool serving)
{
    atomic_store(&health->serving, serving);
    streams_wake(health->streams);
}

void health_end(struct health *health)
{
    health_set(health, false);
    streams_end(health->streams);
}

void health_free(struct health *health)
{
    if (!health)
        return;
    streams_free(health->streams);
    free(health);
}
