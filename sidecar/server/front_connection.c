/* SPDX-License-Identifier: MIT */
#include "server/front_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "server/front_memory.h"

#include "base/banned.h"

/* Pieces of a caller's last bytes that are discarded in a row. */
#define DISCARDED_PIECES 4

/* Gives up the socket pair: C-core sees the end of its connection. */
static void close_core(struct front_connection *connection)
{
    if (!front_has_core(connection))
        return;
    event_del(&connection->events[FRONT_CORE_READABLE]);
    event_del(&connection->events[FRONT_CORE_WRITABLE]);
    connection->waits &= ~(1u << FRONT_CORE_READABLE | 1u << FRONT_CORE_WRITABLE);
    close(connection->inner);
    connection->inner = -1;
    connection->front->served--;
    front_commits_fail(connection);
    guard_free(connection->guard);
    connection->guard = NULL;
}

/* Forgets what is still to be written. */
static void deselect(struct front_connection *connection)
{
    struct front *front = connection->front;
    if (front->selected != connection)
        return;
    front->selected = NULL;
    front->outputs.to_core.size = front->outputs.to_caller.size = 0;
}

void front_connection_end(struct front_connection *connection)
{
    struct front *front = connection->front;
    metric_count(front->events.metrics, METRIC_CONNECTIONS_CLOSED, connection->close, 0);
    deselect(connection);
    close_core(connection);
    guard_free(connection->guard);
    connection->guard = NULL;
    event_del(&connection->events[FRONT_CALLER_READABLE]);
    event_del(&connection->events[FRONT_CALLER_WRITABLE]);
    event_del(&connection->resume);
    output_clear(&connection->to_core);
    output_clear(&connection->to_caller);
    front_memory_follow(connection);
    front_memory_leave(front, connection->has_tls);
    channel_close(&connection->channel);
    peer_table_leave(front->peers, connection->account);
    LIST_REMOVE(connection, place);
    free(connection);
    front_check_end(front);
}

/* The caller has what is for it, and gets time to read it: closing with unread bytes would reset
 * the connection before the caller has read our last bytes. False when it does not need any. */
static bool begin_closing(struct front_connection *connection)
{
    if (connection->caller_ended || !front_has_core(connection))
        return false;
    close_core(connection);
    channel_end(&connection->channel);
    connection->phase = FRONT_CLOSING;
    connection->closing_ns = clock_now_ns();
    front_check_end(connection->front);
    return true;
}

static unsigned bit(enum front_wait wait)
{
    return 1u << wait;
}

static unsigned waits_of(const struct front_connection *connection)
{
    unsigned waits = 0;
    if (connection->phase == FRONT_CLOSING)
        return bit(FRONT_CALLER_READABLE);
    if (front_may_read_caller(connection))
        waits |= bit(FRONT_CALLER_READABLE);
    if (connection->channel.read_waits_for_writing || connection->to_caller.size > 0)
        waits |= bit(FRONT_CALLER_WRITABLE);
    if (front_may_read_core(connection))
        waits |= bit(FRONT_CORE_READABLE);
    if (front_has_core(connection) && connection->to_core.size > 0)
        waits |= bit(FRONT_CORE_WRITABLE);
    return waits;
}

static void update_events(struct front_connection *connection)
{
    unsigned waits = waits_of(connection);
    for (unsigned i = 0; i < FRONT_WAITS; i++) {
        bool is_wanted = waits & 1u << i, is_added = connection->waits & 1u << i;
        if (is_wanted && !is_added)
            event_add(&connection->events[i], NULL);
        else if (!is_wanted && is_added)
            event_del(&connection->events[i]);
    }
    connection->waits = waits;
}

void front_connection_end_for(struct front_connection *connection, enum metric_close close)
{
    if (connection->close == METRIC_CLOSE_CALLER)
        connection->close = close;
}

static void report_disconnect(struct front_connection *connection, enum metric_close close,
                              const char *why)
{
    const struct front_events *events = &connection->front->events;
    if (connection->is_reported)
        return;
    connection->is_reported = true;
    connection->close = close;
    events->disconnected(connection->peer.address, why, events->context);
}

void front_connection_give_up(struct front_connection *connection, const char *why)
{
    report_disconnect(connection, METRIC_CLOSE_STALLED, why);
    connection->is_broken = true;
}

/* Other callers' calls may be under way on the connection, which end with their own outcome. */
static void end_excess(struct front_connection *connection)
{
    if (!connection->misbehaviour || connection->is_broken || !front_has_core(connection) ||
        guard_state(connection->guard) != GUARD_OPEN)
        return;
    report_disconnect(connection, METRIC_CLOSE_UNFINISHED_CALLS, connection->misbehaviour);
    guard_end_excess(connection->guard, &connection->front->outputs);
}

static void report_error(struct front_connection *connection)
{
    const char *error = connection->guard ? guard_error(connection->guard) : NULL;
    struct status status;
    if (!error || connection->is_reported)
        return;
    status_set(&status, STATUS_INTERNAL, "it broke HTTP/2 or a limit of it: %s", error);
    report_disconnect(connection, METRIC_CLOSE_PROTOCOL_ERROR, status.message);
}

/* The end of a connection whose cause no other place has noted. */
static void note_end(struct front_connection *connection)
{
    bool has_core = front_has_core(connection);
    if (connection->caller_ended || connection->is_broken)
        return;
    if (has_core && connection->core_ended)
        front_connection_end_for(connection, METRIC_CLOSE_INTERNAL);
    else if (!has_core && connection->guard && guard_state(connection->guard) == GUARD_FINISHED)
        front_connection_end_for(connection, METRIC_CLOSE_PROTOCOL_ERROR); /* no preface */
}

static bool has_ended(const struct front_connection *connection)
{
    if (connection->to_caller.size > 0)
        return false;
    if (!front_has_core(connection))
        return connection->caller_ended ||
               (connection->guard && guard_state(connection->guard) == GUARD_FINISHED);
    return connection->core_ended || guard_state(connection->guard) == GUARD_FINISHED;
}

void front_select(struct front_connection *connection)
{
    struct front *front = connection->front;
    if (front->selected && front->selected != connection)
        front_connection_finish_turn(front->selected);
    front->selected = connection;
}

void front_connection_finish_turn(struct front_connection *connection)
{
    front_select(connection);
    end_excess(connection);
    report_error(connection);
    note_end(connection);
    front_write(connection);
    if (!connection->is_broken)
        front_commits_report(connection);
    if (connection->is_broken || (has_ended(connection) && !begin_closing(connection))) {
        front_connection_end(connection);
        return;
    }
    deselect(connection);
    front_memory_follow(connection);
    update_events(connection);
}

static void on_core_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    front_select(context);
    front_read_core(context);
}

static void on_core_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    front_connection_finish_turn(context);
}

static void watch(struct front_connection *connection, enum front_wait wait, int fd, short what,
                  event_callback_fn happened)
{
    event_assign(&connection->events[wait], connection->front->thread.loop, fd, what | EV_PERSIST,
                 happened, connection);
}

/* Returns C-core's end; -1 when there is none. */
static int open_pair(struct front_connection *connection)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    connection->inner = ends[0];
    watch(connection, FRONT_CORE_READABLE, connection->inner, EV_READ, on_core_readable);
    watch(connection, FRONT_CORE_WRITABLE, connection->inner, EV_WRITE, on_core_writable);
    return ends[1];
}

static void refuse(struct front_connection *connection, const char *why)
{
    const struct front_events *events = &connection->front->events;
    metric_count_seen(events->metrics, METRIC_CONNECTIONS_REFUSED, text_of(why), text_literal(""));
    events->refused(why, events->context);
    front_connection_end_for(connection, METRIC_CLOSE_REFUSED);
    connection->is_broken = true;
}

/* The caller has sent the HTTP/2 preface. */
static void open_core(struct front_connection *connection)
{
    struct front *front = connection->front;
    int core = open_pair(connection);
    if (core < 0) {
        refuse(connection, strerror(errno));
        return;
    }
    front->served++;
    front->events.opened(core, front->events.context);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct front_connection *connection = context;
    connection->is_paused = false;
    update_events(connection);
}

static void identify(const struct identity *names, size_t count, void *context)
{
    struct front_connection *connection = context;
    peer_identify(&connection->peer, connection->front->config, names, count);
}

/* Returns whether the handshake is complete. */
static bool shake_hands(struct front_connection *connection)
{
    struct status status;
    const char *why = "";
    int result = channel_handshake(&connection->channel, &why);
    if (result == CHANNEL_BROKEN) {
        status_set(&status, STATUS_UNAUTHENTICATED, "TLS handshake: %s", why);
        refuse(connection, status.message);
    }
    if (result <= 0)
        return false;
    if (connection->channel.tls)
        channel_names(&connection->channel, identify, connection);
    connection->phase = FRONT_SERVING;
    return true;
}

/* Discards the caller's bytes until it closes. */
static void await_close(struct front_connection *connection)
{
    ssize_t got = 1;
    for (int turn = 0; turn < DISCARDED_PIECES && got > 0; turn++)
        got = recv(connection->channel.fd, connection->front->piece, FRONT_PIECE_BYTES, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        front_connection_end(connection);
}

void front_connection_receive(struct front_connection *connection)
{
    front_select(connection);
    if (connection->phase == FRONT_SERVING || shake_hands(connection))
        front_read_caller(connection);
    if (!connection->is_broken && !front_has_core(connection) &&
        connection->front->outputs.to_core.size > 0)
        open_core(connection);
}

static void on_caller_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct front_connection *connection = context;
    if (connection->phase == FRONT_CLOSING)
        await_close(connection);
    else
        front_connection_receive(connection);
}

static void on_caller_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct front_connection *connection = context;
    bool has_waited = connection->channel.read_waits_for_writing;
    connection->channel.read_waits_for_writing = false;
    if (has_waited)
        front_connection_receive(connection);
    else
        front_connection_finish_turn(connection);
}

void front_connection_begin(struct front_connection *connection)
{
    struct front *front = connection->front;
    int fd = connection->channel.fd;
    uint32_t percent =
        100 - FRONT_AGE_SPREAD_PERCENT + arc4random_uniform(2 * FRONT_AGE_SPREAD_PERCENT + 1);
    connection->age_ns = front->config->max_age_ns / 100 * percent;
    connection->hooks = front_hooks(connection);
    connection->phase = FRONT_HANDSHAKE;
    if (connection->has_tls)
        connection->channel.tls = tls_session(front->tls, fd);
    STAILQ_INIT(&connection->commits);
    watch(connection, FRONT_CALLER_READABLE, fd, EV_READ, on_caller_readable);
    watch(connection, FRONT_CALLER_WRITABLE, fd, EV_WRITE, on_caller_writable);
    evtimer_assign(&connection->resume, front->thread.loop, on_resume, connection);
    front_connection_receive(connection);
}

void front_connection_commit(struct front_connection *connection, struct front_commit *commit)
{
    front_select(connection);
    front_commit_send(connection, commit);
}
