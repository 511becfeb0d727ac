/* SPDX-License-Identifier: MIT */
/* The bytes of a connection: from the caller and from C-core through the guard, and to both. */
#include <errno.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "server/front_connection.h"
#include "server/front_pace.h"

#include "base/banned.h"

/* Pieces that are read in a row before other connections are served. */
#define TURN_PIECES 4

/* One side is not read while the other has not taken this number of bytes. */
#define PENDING_MOST 65536

/* Without memory left, one turn at a time. */
static size_t pending_most(const struct front_connection *connection)
{
    return memory_budget_is_spent(connection->front->events.budget) ? 1 : PENDING_MOST;
}

bool front_may_read_caller(const struct front_connection *connection)
{
    return !connection->caller_ended && !connection->is_paused &&
           !connection->channel.read_waits_for_writing && connection->to_core.size < PENDING_MOST &&
           connection->to_caller.size < PENDING_MOST;
}

bool front_may_read_core(const struct front_connection *connection)
{
    return front_has_core(connection) && !connection->core_ended &&
           connection->to_caller.size < pending_most(connection);
}

static void pause_until(struct front_connection *connection, int64_t until_ns, int64_t now_ns)
{
    if (until_ns <= now_ns)
        return;
    struct timeval pause = clock_timeval(until_ns - now_ns);
    connection->is_paused = true;
    event_add(&connection->resume, &pause);
}

/* Before the first call, whose thread reads the peer. */
static void begin_serving(struct front_connection *connection, int64_t now_ns)
{
    struct front *front = connection->front;
    connection->guard = guard_new(&front->guard_settings, &connection->hooks, now_ns);
    connection->opened_ns = connection->busy_ns = connection->peer.opened_ns = now_ns;
}

static void take_from_caller(struct front_connection *connection, size_t size)
{
    struct front *front = connection->front;
    int64_t now_ns = clock_now_ns();
    if (!connection->guard)
        begin_serving(connection, now_ns);
    guard_from_caller(connection->guard, front->piece, size, now_ns, &front->outputs);
    int64_t paced_ns = front_pace_until(connection, now_ns);
    int64_t paused_ns = guard_paused_until(connection->guard);
    pause_until(connection, paced_ns > paused_ns ? paced_ns : paused_ns, now_ns);
}

void front_read_caller(struct front_connection *connection)
{
    bool has_more = true;
    for (int turn = 0; turn < TURN_PIECES && has_more && front_may_read_caller(connection);
         turn++) {
        ssize_t got = channel_read(&connection->channel, connection->front->piece,
                                   FRONT_PIECE_BYTES, &has_more);
        if (got > 0)
            take_from_caller(connection, (size_t)got);
        connection->caller_ended = got == CHANNEL_ENDED;
        connection->is_broken = got == CHANNEL_BROKEN;
    }
}

static bool has_failed(ssize_t result)
{
    return result < 0 && errno != EAGAIN && errno != EINTR;
}

void front_read_core(struct front_connection *connection)
{
    struct front *front = connection->front;
    ssize_t got = FRONT_PIECE_BYTES;
    for (int turn = 0;
         turn < TURN_PIECES && got == FRONT_PIECE_BYTES && front_may_read_core(connection);
         turn++) {
        got = recv(connection->inner, front->piece, FRONT_PIECE_BYTES, 0);
        connection->core_ended = got == 0 || has_failed(got);
        if (got > 0)
            guard_from_core(connection->guard, front->piece, (size_t)got, clock_now_ns(),
                            &front->outputs);
    }
}

/* Appends what is fresh to what waits, if any does, and returns what is to be written. */
static struct output *gather(struct output *fresh, struct output *kept)
{
    if (kept->size == 0)
        return fresh;
    output_add(kept, fresh->data, fresh->size);
    fresh->size = 0;
    return kept;
}

/* `taken` bytes were written; the rest is kept. */
static void keep_rest(struct output *from, size_t taken, struct output *kept)
{
    if (from == kept) {
        output_consume(kept, taken);
        if (kept->size == 0)
            output_clear(kept);
        return;
    }
    if (taken < from->size)
        output_add(kept, from->data + taken, from->size - taken);
    from->size = 0;
}

static void write_to_core(struct front_connection *connection)
{
    struct output *from = gather(&connection->front->outputs.to_core, &connection->to_core);
    ssize_t sent = 0;
    if (from->size > 0 && front_has_core(connection) && !connection->core_shut)
        sent = send(connection->inner, from->data, from->size, MSG_NOSIGNAL);
    if (has_failed(sent))
        connection->core_shut = true;
    size_t taken = connection->core_shut ? from->size : sent > 0 ? (size_t)sent : 0;
    keep_rest(from, taken, &connection->to_core);
}

/* C-core sees the end of the caller's bytes after the last of them. */
static void end_to_core(struct front_connection *connection)
{
    if (!connection->caller_ended || !front_has_core(connection) || connection->core_shut ||
        connection->to_core.size > 0)
        return;
    connection->core_shut = true;
    shutdown(connection->inner, SHUT_WR);
}

/* Calls ask for it before they commit. */
static void report_full(struct front_connection *connection)
{
    bool is_full = connection->to_caller.size > 0;
    if (is_full != connection->is_full)
        connection->is_full = is_full;
}

static void write_to_caller(struct front_connection *connection)
{
    struct output *from = gather(&connection->front->outputs.to_caller, &connection->to_caller);
    size_t taken = 0;
    ssize_t sent = 0;
    while (taken < from->size && sent >= 0) {
        sent = channel_write(&connection->channel, from->data + taken, from->size - taken);
        taken += sent > 0 ? (size_t)sent : 0;
    }
    if (sent == CHANNEL_BROKEN)
        connection->is_broken = true;
    connection->flushed += taken;
    if (taken > 0 || connection->to_caller.size == 0)
        connection->stalled_ns = clock_now_ns();
    keep_rest(from, taken, &connection->to_caller);
    report_full(connection);
}

void front_write(struct front_connection *connection)
{
    write_to_core(connection);
    end_to_core(connection);
    write_to_caller(connection);
}
