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

static enum guard_verdict reject(struct front_connection *connection, struct text path,
                                 struct guard_failure *failure)
{
    const struct front_events *events = &connection->front->events;
    const struct front_rejection rejection = {path, text_of(connection->peer.address),
                                              text_of(connection->peer.caller), failure->code};
    failure->message = text_of(connection->front->message);
    if (events->rejected)
        events->rejected(&rejection, events->context);
    return GUARD_FAIL;
}

static enum guard_verdict reject_caller(struct front_connection *connection, struct text path,
                                        struct guard_failure *failure)
{
    struct front *front = connection->front;
    failure->code = STATUS_PERMISSION_DENIED;
    failure->reason = "CALLER_NOT_ALLOWED";
    snprintf(front->message, sizeof front->message, "--allow-callers does not list the caller, %s",
             connection->peer.caller);
    return reject(connection, path, failure);
}

static enum guard_verdict reject_excess(struct front_connection *connection, struct text path,
                                        size_t most, struct guard_failure *failure)
{
    struct front *front = connection->front;
    failure->code = STATUS_RESOURCE_EXHAUSTED;
    failure->reason = "LIMIT_EXCEEDED";
    failure->has_pushback = true;
    failure->pushback_ms = -1;
    snprintf(front->message, sizeof front->message,
             "%zu calls of this method are open on the connection, which is the limit", most);
    return reject(connection, path, failure);
}

/* A trusted proxy's calls have a caller each, which the pipeline judges. */
static enum guard_verdict on_open(void *context, const struct guard_request *request,
                                  struct guard_call *call, struct guard_failure *failure)
{
    struct front_connection *connection = context;
    const struct own_method *own = find_own(request->path);
    if (!own && !connection->peer.authorized && !connection->peer.is_trusted_proxy)
        return reject_caller(connection, request->path, failure);
    if (own && connection->open[own->kind] >= own->most)
        return reject_excess(connection, request->path, own->most, failure);
    call->kind = own ? (uint32_t)own->kind : FRONT_CALL;
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

static size_t on_describe(void *context, const struct guard_failure *failure, char *details,
                          size_t room)
{
    const struct front_connection *connection = context;
    const struct front_events *events = &connection->front->events;
    return events->describe ? events->describe(failure, details, room, events->context) : 0;
}

struct guard_hooks front_hooks(struct front_connection *connection)
{
    return (struct guard_hooks){
        .context = connection, .open = on_open, .ended = on_ended, .describe = on_describe};
}
