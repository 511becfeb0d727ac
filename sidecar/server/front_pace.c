/* SPDX-License-Identifier: MIT */
#include "server/front_pace.h"

#include "base/clock.h"
#include "server/front_connection.h"

#include "base/banned.h"

/* Calls that a connection may have open whatever the other connections of its peer do. */
#define ALWAYS_OPEN 16

/* The number of rejected calls that may be opened in the time of an unfinished one. */
#define REJECTED_PER_UNFINISHED 10

/* A peer has to wait at most this time for what it has done. */
#define LONGEST_WAIT_NS (10 * CLOCK_NS_PER_S)

/* Counts events, of which `per_second` are allowed in a second, and as many at once; returns the
 * time until one is allowed again. */
static int64_t spend(struct rate_limit *limit, uint64_t events, uint64_t per_second, int64_t now_ns)
{
    int64_t each_ns = CLOCK_NS_PER_S / (int64_t)per_second;
    return rate_limit_spend(limit, now_ns, (int64_t)events * each_ns, CLOCK_NS_PER_S,
                            LONGEST_WAIT_NS);
}

static void pace_until(struct front_connection *connection, int64_t until_ns)
{
    if (until_ns > connection->paced_until_ns)
        connection->paced_until_ns = until_ns;
}

void front_pace_unfinished(struct front_connection *connection)
{
    const struct config *config = connection->front->config;
    int64_t now_ns = clock_now_ns();
    int64_t wait_ns = spend(&connection->unfinished, 1, config->max_streams, now_ns);
    (void)spend(&connection->use->unfinished, 1, config->max_streams_per_peer, now_ns);
    if (wait_ns > 0 && connection->peer.is_trusted_proxy)
        pace_until(connection, now_ns + wait_ns);
    else if (wait_ns > 0)
        connection->misbehaviour =
            "it left more calls unfinished in a second than --max-streams allows at a time";
}

int64_t front_pace_until(struct front_connection *connection, int64_t now_ns)
{
    const struct config *config = connection->front->config;
    struct guard_counts counts = guard_counts(connection->guard);
    uint64_t rejected = counts.opened - counts.passed;
    if (rejected > connection->rejected) {
        int64_t wait_ns = spend(&connection->use->rejected, rejected - connection->rejected,
                                config->max_streams_per_peer * REJECTED_PER_UNFINISHED, now_ns);
        connection->rejected = rejected;
        if (wait_ns > 0)
            pace_until(connection, now_ns + wait_ns);
    }
    return connection->paced_until_ns;
}

static size_t open_calls(const struct front_connection *connection)
{
    size_t sum = 0;
    for (size_t i = 0; i < FRONT_KINDS; i++)
        sum += connection->open[i];
    return sum;
}

bool front_pace_is_modest(const struct front_connection *connection)
{
    return open_calls(connection) < ALWAYS_OPEN;
}

bool front_pace_refuses(const struct front_connection *connection)
{
    return !connection->peer.is_trusted_proxy && !front_pace_is_modest(connection) &&
           rate_limit_is_spent(&connection->use->unfinished, clock_now_ns(), CLOCK_NS_PER_S);
}
