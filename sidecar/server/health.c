/* SPDX-License-Identifier: MIT */
#include "server/health.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "server/stream.h"

#include "grpc/health/v1/health.pb-c.h"

#include "base/banned.h"

#define WATCH_STREAMS 100

typedef Grpc__Health__V1__HealthCheckRequest request;
typedef Grpc__Health__V1__HealthCheckResponse response;
typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus serving_status;

#define STATE(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

struct health {
    struct streams *streams;
    const struct schema *schema;
    atomic_bool serving;
};

/* The state of a stream of Watch. */
struct watch_stream {
    bool has_request;
    bool is_known;       /* the service is one of ours */
    serving_status sent; /* last */
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

static serving_status current_status(struct health *health)
{
    return atomic_load(&health->serving) ? STATE(SERVING) : STATE(NOT_SERVING);
}

static void send_status(struct stream *stream, serving_status status)
{
    response sent;
    grpc__health__v1__health_check_response__init(&sent);
    sent.status = status;
    stream_send(stream, &sent.base);
}

static void on_check(struct stream *stream, const ProtobufCMessage *message, struct arena *arena)
{
    (void)arena;
    struct health *health = stream_context(stream);
    struct status status;
    status_clear(&status);
    if (is_known(health, text_of(((const request *)message)->service)))
        send_status(stream, current_status(health));
    else
        status_set(&status, STATUS_NOT_FOUND,
                   "unknown service; an empty name stands for the server");
    stream_finish(stream, &status);
}

/* Sends the current status if it differs from the last one sent. A change that was reverted while
 * the caller read slowly is not sent. */
static void send_change(struct stream *stream)
{
    struct health *health = stream_context(stream);
    struct watch_stream *watch = stream_state(stream);
    serving_status now = watch->is_known ? current_status(health) : STATE(SERVICE_UNKNOWN);
    if (!watch->has_request || now == watch->sent)
        return;
    watch->sent = now;
    send_status(stream, now);
}

static void on_watch(struct stream *stream, const ProtobufCMessage *message, struct arena *arena)
{
    (void)arena;
    struct watch_stream *watch = stream_state(stream);
    watch->has_request = true;
    watch->is_known =
        is_known(stream_context(stream), text_of(((const request *)message)->service));
    send_change(stream);
}

static const struct stream_method methods[] = {
    {.path = "/grpc.health.v1.Health/Check",
     .request = &grpc__health__v1__health_check_request__descriptor,
     .on_request = on_check},
    {.path = "/grpc.health.v1.Health/Watch",
     .request = &grpc__health__v1__health_check_request__descriptor,
     .most = WATCH_STREAMS,
     .state_bytes = sizeof(struct watch_stream),
     .on_request = on_watch,
     .on_writable = send_change},
};

struct health *health_new(struct core *core, const struct schema *schema)
{
    struct health *health = memory_expect(calloc(1, sizeof *health));
    health->schema = schema;
    health->streams = streams_new(core, methods, array_length(methods), health);
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

void health_end_undelivered(struct health *health)
{
    streams_end_undelivered(health->streams);
}

void health_free(struct health *health)
{
    if (!health)
        return;
    streams_free(health->streams);
    free(health);
}
