/* SPDX-License-Identifier: MIT */
/* The end of connections: timeouts, --idle-timeout, --max-age and the drain. */
#include "base/clock.h"
#include "server/front_connection.h"

#include "base/banned.h"

/* A caller that takes no byte for this time, though there are bytes for it, is disconnected. */
#define LONGEST_STALL_NS (30 * CLOCK_NS_PER_S)

/* Time for the caller to close after us. */
#define CLOSE_PATIENCE_NS (2 * CLOCK_NS_PER_S)

/* Callers learn that the connection will end, and this time later that no more calls are taken. */
#define ANNOUNCEMENT_NS CLOCK_NS_PER_S

/* A connection ends later by this than its last call can. */
#define CALLS_GRACE_NS (10 * CLOCK_NS_PER_S)

void front_connection_announce(struct front_connection *connection)
{
    if (connection->phase == FRONT_CLOSING)
        return;
    front_connection_receive(connection);
    front_connection_end_for(connection, METRIC_CLOSE_DRAIN);
    if (front_has_core(connection))
        guard_announce_end(connection->guard, &connection->front->outputs);
    else
        connection->is_broken = true;
    front_connection_finish_turn(connection);
}

void front_connection_refuse(struct front_connection *connection)
{
    if (!front_has_core(connection))
        return;
    front_select(connection);
    guard_refuse_streams(connection->guard, &connection->front->outputs);
    front_connection_finish_turn(connection);
}

/* A connection that is too old or idle is announced to end, and then takes no more calls. */
static void retire(struct front_connection *connection, int64_t now_ns)
{
    const struct config *config = connection->front->config;
    struct guard_outputs *outputs = &connection->front->outputs;
    bool is_old = config->max_age_ns > 0 && now_ns - connection->opened_ns >= connection->age_ns;
    bool is_idle =
        config->idle_timeout_ns > 0 && now_ns - connection->busy_ns >= config->idle_timeout_ns;
    if (connection->announced_ns == 0 && (is_old || is_idle)) {
        connection->announced_ns = now_ns;
        front_connection_end_for(connection, is_old ? METRIC_CLOSE_AGE : METRIC_CLOSE_IDLE);
        guard_announce_end(connection->guard, outputs);
    } else if (connection->announced_ns > 0 &&
               now_ns - connection->announced_ns >= ANNOUNCEMENT_NS) {
        guard_refuse_streams(connection->guard, outputs);
    }
}

/* Calls that C-core never ends must not keep a connection. */
static bool finishes_too_long(struct front_connection *connection, int64_t now_ns)
{
    const struct config *config = connection->front->config;
    if (guard_state(connection->guard) == GUARD_OPEN)
        return false;
    if (connection->finishing_ns == 0)
        connection->finishing_ns = now_ns;
    return now_ns - connection->finishing_ns >
           config->max_deadline_ns + config->max_age_grace_ns + CALLS_GRACE_NS;
}

static void tick_served(struct front_connection *connection, int64_t now_ns)
{
    front_select(connection);
    guard_tick(connection->guard, now_ns, &connection->front->outputs);
    if (guard_open_streams(connection->guard) > 0)
        connection->busy_ns = now_ns;
    retire(connection, now_ns);
    if (connection->to_caller.size > 0 && now_ns - connection->stalled_ns > LONGEST_STALL_NS)
        front_connection_give_up(connection, "it has not read its responses for 30 s");
    connection->is_broken |= finishes_too_long(connection, now_ns);
    front_connection_finish_turn(connection);
}

static void end_over_time(struct front_connection *connection)
{
    front_connection_end_for(connection, METRIC_CLOSE_HANDSHAKE_TIMEOUT);
    front_connection_end(connection);
}

void front_connection_tick(struct front_connection *connection, int64_t now_ns)
{
    int64_t timeout_ns = connection->front->config->handshake_timeout_ns;
    if (front_has_core(connection))
        tick_served(connection, now_ns);
    else if (connection->phase == FRONT_CLOSING
                 ? now_ns - connection->closing_ns > CLOSE_PATIENCE_NS
                 : timeout_ns > 0 && now_ns - connection->added_ns > timeout_ns)
        end_over_time(connection);
}
