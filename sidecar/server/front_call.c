/* SPDX-License-Identifier: MIT */
/* The front's rules for calls: who may open them, how many, and how much memory they may take. */
#include "base/clock.h"
#include "base/retry_wait.h"
#include "server/front_connection.h"
#include "server/front_memory.h"
#include "server/front_pace.h"

#include "base/banned.h"

/* Methods that the server serves itself, and how many of their calls may be open on a connection.
 */
static const struct own_method {
    struct text path;
    size_t most;
    enum front_kind kind;
    bool streaming;
} own_methods[] = {
    {{"/grpc.health.v1.Health/Check", 28}, 16, FRONT_CHECK, false},
    {{"/grpc.health.v1.Health/Watch", 28}, 16, FRONT_WATCH, false},
    {{"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", 57}, 4, FRONT_REFLECTION, true},
    {{"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", 62},
     4,
     FRONT_REFLECTION,
     true},
};

/* As much of the path of an unknown method as a message repeats. */
#define PATH_BYTES 256

static const struct own_method *find_own(struct text path)
{
    for (size_t i = 0; i < array_length(own_methods); i++)
        if (text_equal(path, own_methods[i].path))
            return &own_methods[i];
    return NULL;
}

static uint16_t find_method(const struct front *front, struct text path)
{
    const struct front_events *events = &front->events;
    return events->find_method ? events->find_method(path, events->context) : 0;
}

/* With the code and the message of the front's status. */
static enum guard_verdict reject(const struct front_connection *connection, enum reason reason,
                                 struct guard_failure *failure)
{
    const struct status *status = &connection->front->status;
    failure->code = status->code;
    failure->message = text_of(status->message);
    failure->reason = reason;
    return GUARD_FAIL;
}

static enum guard_verdict reject_caller(struct front_connection *connection,
                                        struct guard_failure *failure)
{
    status_set(&connection->front->status, STATUS_PERMISSION_DENIED,
               "--allow-callers does not list the caller, %s", connection->peer.caller);
    return reject(connection, REASON_CALLER_NOT_ALLOWED, failure);
}

static enum guard_verdict reject_method(struct front_connection *connection, struct text path,
                                        struct guard_failure *failure)
{
    struct front *front = connection->front;
    const char *why = front->events.unserved_reason(path, front->events.context);
    path.size = path.size < PATH_BYTES ? path.size : PATH_BYTES;
    if (why)
        status_set(&front->status, STATUS_UNIMPLEMENTED, "%.*s: this method is not served: %s",
                   text_arguments(path), why);
    else
        status_set(&front->status, STATUS_UNIMPLEMENTED,
                   "%.*s: unknown method; `apig-sidecar check` lists the methods",
                   text_arguments(path));
    return reject(connection, REASON_UNKNOWN_METHOD, failure);
}

static enum guard_verdict reject_excess(struct front_connection *connection, size_t most,
                                        struct guard_failure *failure)
{
    failure->has_pushback = true;
    failure->pushback_ms = -1;
    status_set(&connection->front->status, STATUS_RESOURCE_EXHAUSTED,
               "%zu calls of this method are open on the connection, which is the limit", most);
    return reject(connection, REASON_LIMIT_EXCEEDED, failure);
}

static void set_overloaded(const struct front_connection *connection, const char *why,
                           const char *option, struct guard_failure *failure)
{
    failure->has_pushback = true;
    failure->pushback_ms = retry_spread_ms(RETRY_SOON_MS);
    status_set(&connection->front->status, STATUS_RESOURCE_EXHAUSTED, "%s; %s limits it", why,
               option);
    (void)reject(connection, REASON_OVERLOADED, failure);
}

static bool reserve(struct front_connection *connection, size_t size, struct guard_failure *failure)
{
    if (front_memory_reserve(connection, size))
        return true;
    set_overloaded(connection, "the memory for calls is in use", "--max-memory", failure);
    return false;
}

/* Returns whether the call and its memory are within its peer's limits. */
static bool admit(struct front_connection *connection, size_t size, struct guard_failure *failure)
{
    if (connection->use->calls < connection->front->config->max_streams_per_peer ||
        front_pace_is_modest(connection))
        return reserve(connection, size, failure);
    set_overloaded(connection, "the peer has the largest number of calls open",
                   "--max-streams-per-peer", failure);
    return false;
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
    if (!own && call->method == FRONT_UNKNOWN_METHOD)
        return reject_method(connection, request->path, failure);
    call->streaming = own && own->streaming;
    call->reserved = FRONT_CALL_BYTES + request->block_size;
    if (front_pace_refuses(connection))
        return GUARD_REFUSE;
    if (!admit(connection, call->reserved, failure))
        return GUARD_FAIL;
    call->number = call_table_add(&connection->front->calls,
                                  &(struct call_place){connection, request->stream});
    connection->open[call->kind]++;
    connection->use->calls++;
    return GUARD_PASS;
}

static bool on_reserve(void *context, uint32_t kind, size_t size, struct guard_failure *failure)
{
    (void)kind;
    return reserve(context, size, failure);
}

/* C-core ends the calls of a caller that has closed its connection, as if they were complete. */
static bool was_left(const struct front_connection *connection, enum guard_end end)
{
    return connection->caller_ended || end == GUARD_RESET_CALLER || end == GUARD_FAULTY ||
           end == GUARD_ABANDONED;
}

static void on_ended(void *context, const struct guard_call *call, enum guard_end end)
{
    struct front_connection *connection = context;
    struct front_call *follower = call_table_remove(&connection->front->calls, call->number);
    connection->open[call->kind]--;
    connection->use->calls--;
    connection->busy_ns = clock_now_ns();
    front_memory_release(connection, call->reserved);
    if (was_left(connection, end))
        front_pace_unfinished(connection);
    if (follower)
        follower->ended(follower);
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
    return (struct guard_hooks){.context = connection,
                                .open = on_open,
                                .reserve = on_reserve,
                                .ended = on_ended,
                                .describe = on_describe};
}
