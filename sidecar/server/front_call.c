/* SPDX-License-Identifier: MIT */
/* The front's rules for calls: who may open them, how many, and how much memory they may take. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/retry_wait.h"
#include "server/front_connection.h"
#include "server/front_memory.h"
#include "server/front_pace.h"

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
        if (text_starts_with(path, own_methods[i].path))
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

static void set_overloaded(struct front *front, const char *why, const char *option,
                           struct guard_failure *failure)
{
    failure->code = STATUS_RESOURCE_EXHAUSTED;
    failure->reason = "OVERLOADED";
    failure->has_pushback = true;
    failure->pushback_ms = retry_spread_ms(RETRY_SOON_MS);
    snprintf(front->message, sizeof front->message, "%s; %s limits it", why, option);
    failure->message = text_of(front->message);
}

static bool reserve(struct front_connection *connection, size_t size, struct guard_failure *failure)
{
    if (front_memory_reserve(connection, size))
        return true;
    set_overloaded(connection->front, "the memory for calls is in use", "--max-memory", failure);
    return false;
}

/* Returns whether the call and its memory are within its peer's limits. */
static bool admit(struct front_connection *connection, size_t size, struct guard_failure *failure)
{
    struct front *front = connection->front;
    if (connection->use->calls < front->config->max_streams_per_peer ||
        front_pace_is_modest(connection))
        return reserve(connection, size, failure);
    set_overloaded(front, "the peer has the largest number of calls open", "--max-streams-per-peer",
                   failure);
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
