/* SPDX-License-Identifier: MIT */
/* The front's rules for calls: who may open them, how many, and how often they may be cancelled. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/front_connection.h"

#include "base/banned.h"

/* Methods that the server serves itself, by the beginning of their path, and how many of their
 * calls may be open on a connection. */
static const struct own_method {
    struct text path;
    enum front_kind kind;
    size_t most;
    bool streaming;
} own_methods[] = {
    {{"/grpc.health.v1.Health/Check", 28}, FRONT_CHECK, 16, false},
    {{"/grpc.health.v1.Health/Watch", 28}, FRONT_WATCH, 16, false},
    {{"/grpc.reflection.v1", 19}, FRONT_REFLECTION, 4, true},
};

static const struct own_method *find_own(struct text path)
{
    for (size_t i = 0; i < array_length(own_methods); i++)
        if (path.size >= own_methods[i].path.size &&
            memcmp(path.data, own_methods[i].path.data, own_methods[i].path.size) == 0)
            return &own_methods[i];
    return NULL;
}

static uint16_t find_method(const struct front *front, struct text path)
{
    const struct front_events *events = &front->events;
    return events->find_method ? events->find_method(path, events->context) : 0;
}

static enum guard_verdict reject(const struct front_connection *connection,
                                 struct guard_failure *failure)
{
    failure->message = text_of(connection->front->message);
    return GUARD_FAIL;
}

static enum guard_verdict reject_caller(struct front_connection *connection,
                                        struct guard_failure *failure)
{
    struct front *front = connection->front;
    failure->code = STATUS_PERMISSION_DENIED;
    failure->reason = "CALLER_NOT_ALLOWED";
    snprintf(front->message, sizeof front->message, "--allow-callers does not list the caller, %s",
             connection->peer.caller);
    return reject(connection, failure);
}

static enum guard_verdict reject_excess(struct front_connection *connection, size_t most,
                                        struct guard_failure *failure)
{
    struct front *front = connection->front;
    failure->code = STATUS_RESOURCE_EXHAUSTED;
    failure->reason = "LIMIT_EXCEEDED";
    failure->has_pushback = true;
    failure->pushback_ms = -1;
    snprintf(front->message, sizeof front->message,
             "%zu calls of this method are open on the connection, which is the limit", most);
    return reject(connection, failure);
}

/* A trusted proxy's calls have a caller each, which the pipeline judges. */
static enum guard_verdict on_open(void *context, const struct guard_request *request,
                                  struct guard_call *call, struct guard_failure *failure)
{
    struct front_connection *connection = context;
    const struct own_method *own = find_own(request->path);
    if (!own && !connection->peer.authorized && !connection->peer.is_trusted_proxy)
        return reject_caller(connection, failure);
    if (own && connection->open[own->kind] >= own->most)
        return reject_excess(connection, own->most, failure);
    call->kind = own ? (uint32_t)own->kind : FRONT_CALL;
    call->method = find_method(connection->front, request->path);
    call->streaming = own && own->streaming;
    connection->open[call->kind]++;
    return GUARD_PASS;
}

/* A cancelled call costs the caller two frames and us a whole call (CVE-2023-44487). */
static void count_cancel(struct front_connection *connection)
{
    int64_t most = (int64_t)connection->front->config->max_streams;
    if (!rate_limit_take(&connection->cancelled, clock_now_ns(), CLOCK_NS_PER_S / most, most))
        connection->misbehaviour =
            "it cancelled more calls in a second than --max-streams allows at a time";
}

static void on_ended(void *context, uint32_t kind, size_t reserved, enum guard_end end)
{
    (void)reserved;
    struct front_connection *connection = context;
    connection->open[kind]--;
    connection->busy_ns = clock_now_ns();
    if (end == GUARD_RESET_CALLER)
        count_cancel(connection);
}

static void on_describe(void *context, struct guard_refusal *refusal)
{
    const struct front_connection *connection = context;
    const struct front *front = connection->front;
    if (refusal->request)
        refusal->method = find_method(front, refusal->request->path);
    if (front->events.refused_call)
        front->events.refused_call(refusal, &connection->peer, front->events.context);
}

struct guard_hooks front_hooks(struct front_connection *connection)
{
    return (struct guard_hooks){
        .context = connection, .open = on_open, .ended = on_ended, .describe = on_describe};
}
