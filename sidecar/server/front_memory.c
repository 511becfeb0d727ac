/* SPDX-License-Identifier: MIT */
#include "server/front_memory.h"

#include "server/front_connection.h"

#include "base/banned.h"

static size_t connection_bytes(bool has_tls)
{
    return FRONT_CONNECTION_BYTES + (has_tls ? FRONT_TLS_BYTES : 0);
}

bool front_memory_admit(struct front *front, bool has_tls)
{
    if (memory_budget_reserve(front->events.budget, connection_bytes(has_tls)))
        return true;
    metric_count(front->events.metrics, METRIC_MEMORY_REFUSALS, METRIC_SHED_CONNECTION, 0);
    return false;
}

void front_memory_leave(struct front *front, bool has_tls)
{
    memory_budget_release(front->events.budget, connection_bytes(has_tls));
}

static struct memory_shares shares_of(struct front_connection *connection)
{
    return (struct memory_shares){&connection->use->memory, &connection->memory};
}

bool front_memory_reserve(struct front_connection *connection, size_t size)
{
    const struct front_events *events = &connection->front->events;
    if (memory_share_reserve(events->budget, shares_of(connection), size * FRONT_COPIES))
        return true;
    metric_count(events->metrics, METRIC_MEMORY_REFUSALS, METRIC_SHED_CALL, 0);
    return false;
}

void front_memory_release(struct front_connection *connection, size_t size)
{
    memory_share_release(connection->front->events.budget, shares_of(connection),
                         size * FRONT_COPIES);
}

static size_t held_by(const struct front_connection *connection)
{
    size_t outputs = connection->to_core.room + connection->to_caller.room;
    return outputs + (connection->guard ? guard_memory(connection->guard) : 0);
}

void front_memory_follow(struct front_connection *connection)
{
    size_t before = connection->held, now = held_by(connection);
    connection->held = now;
    if (now > before)
        memory_share_charge(connection->front->events.budget, shares_of(connection), now - before);
    else
        memory_share_release(connection->front->events.budget, shares_of(connection), before - now);
}
