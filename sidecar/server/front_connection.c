/* SPDX-License-Identifier: MIT */
#include "server/front_connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#include "base/banned.h"

/* Pieces that are read in a row before other connections are served. */
#define TURN_PIECES 4

/* One side is not read while the other has not taken this number of bytes. */
#define PENDING_MOST 65536

/* A caller that takes no byte for this time, though there are bytes for it, is disconnected. */
#define LONGEST_STALL_NS (30 * CLOCK_NS_PER_S)

/* Time for the caller to close after us. Until then its bytes are discarded, because closing with
 * unread bytes would reset the connection before the caller has read our last bytes. */
#define CLOSE_PATIENCE_NS (2 * CLOCK_NS_PER_S)

/* Callers learn that the connection will end, and this time later that no more calls are taken. */
#define ANNOUNCEMENT_NS CLOCK_NS_PER_S

/* A connection ends later by this than its last call can. */
#define CALLS_GRACE_NS (10 * CLOCK_NS_PER_S)

/* The stamp of a flush request that is still to be given one. */
#define NOT_YET UINT64_MAX

static bool has_core(const struct front_connection *connection)
{
    return connection->inner >= 0;
}

static void answer(struct front_connection *connection, bool good)
{
    struct flush_request *request = STAILQ_FIRST(&connection->flushes);
    STAILQ_REMOVE_HEAD(&connection->flushes, place);
    request->done(request, good);
}

/* Gives up the socket pair: C-core sees the end of its connection. */
static void close_core(struct front_connection *connection)
{
    if (!has_core(connection))
        return;
    event_del(&connection->events[FRONT_CORE_READABLE]);
    event_del(&connection->events[FRONT_CORE_WRITABLE]);
    connection->waits &= ~(1u << FRONT_CORE_READABLE | 1u << FRONT_CORE_WRITABLE);
    front_clear_core(connection->front, connection);
    peer_table_unbind(connection->front->peers, connection->entry);
    close(connection->inner);
    connection->inner = -1;
    connection->front->served--;
    while (!STAILQ_EMPTY(&connection->flushes))
        answer(connection, false);
    guard_free(connection->guard);
    connection->guard = NULL;
}

void front_connection_end(struct front_connection *connection)
{
    struct front *front = connection->front;
    close_core(connection);
    guard_free(connection->guard);
    event_del(&connection->events[FRONT_CALLER_READABLE]);
    event_del(&connection->events[FRONT_CALLER_WRITABLE]);
    event_del(&connection->resume);
    output_clear(&connection->to_core);
    output_clear(&connection->to_caller);
    channel_close(&connection->channel);
    peer_table_leave(front->peers, connection->account);
    LIST_REMOVE(connection, place);
    free(connection);
    front_check_end(front);
}

/* The caller has what is for it, and gets time to read it. False when it does not need any. */
static bool begin_closing(struct front_connection *connection)
{
    if (connection->caller_ended || !has_core(connection))
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

static bool may_read_caller(const struct front_connection *connection)
{
    return !connection->caller_ended && !connection->is_paused &&
           !connection->channel.read_waits_for_writing && connection->to_core.size < PENDING_MOST &&
           connection->to_caller.size < PENDING_MOST;
}

static bool may_read_core(const struct front_connection *connection)
{
    return has_core(connection) && !connection->core_ended &&
           connection->to_caller.size < PENDING_MOST;
}

static unsigned waits_of(const struct front_connection *connection)
{
    unsigned waits = 0;
    if (connection->phase == FRONT_CLOSING)
        return bit(FRONT_CALLER_READABLE);
    if (may_read_caller(connection))
        waits |= bit(FRONT_CALLER_READABLE);
    if (connection->channel.read_waits_for_writing || connection->to_caller.size > 0)
        waits |= bit(FRONT_CALLER_WRITABLE);
    if (may_read_core(connection))
        waits |= bit(FRONT_CORE_READABLE);
    if (has_core(connection) && connection->to_core.size > 0)
        waits |= bit(FRONT_CORE_WRITABLE);
    return waits;
}

static void wait(struct front_connection *connection)
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
    if (from->size > 0 && has_core(connection) && !connection->core_shut)
        sent = send(connection->inner, from->data, from->size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        connection->core_shut = true;
    size_t taken = connection->core_shut ? from->size : sent > 0 ? (size_t)sent : 0;
    keep_rest(from, taken, &connection->to_core);
    if (!connection->caller_ended || !has_core(connection) || connection->core_shut ||
        connection->to_core.size > 0)
        return;
    connection->core_shut = true;
    shutdown(connection->inner, SHUT_WR);
}

/* Calls look before they commit. */
static void report_full(struct front_connection *connection)
{
    bool is_full = connection->to_caller.size > 0;
    if (!has_core(connection) || is_full == connection->is_full)
        return;
    connection->is_full = is_full;
    peer_table_set_full(connection->front->peers, connection->entry, is_full);
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

/* A write succeeds also when the caller has closed its end, and such a caller may retry elsewhere:
 * it never reads what was written. */
static bool caller_has_closed(const struct front_connection *connection)
{
    struct pollfd caller = {.fd = connection->channel.fd, .events = POLLRDHUP};
    return connection->caller_ended || (poll(&caller, 1, 0) > 0 && caller.revents);
}

static void answer_flushed(struct front_connection *connection)
{
    struct flush_request *first = STAILQ_FIRST(&connection->flushes);
    if (!first || first->until > connection->flushed)
        return;
    bool good = !caller_has_closed(connection);
    do {
        answer(connection, good);
        first = STAILQ_FIRST(&connection->flushes);
    } while (first && first->until <= connection->flushed);
}

static void disconnect(struct front_connection *connection)
{
    const struct front_events *events = &connection->front->events;
    metric_count(events->metrics, METRIC_CONNECTIONS_CLOSED, 0, 0);
    events->disconnected(connection->peer.address, connection->misbehaviour, events->context);
    connection->is_broken = true;
}

static bool has_ended(const struct front_connection *connection)
{
    if (connection->to_caller.size > 0)
        return false;
    if (!has_core(connection))
        return connection->caller_ended ||
               (connection->guard && guard_state(connection->guard) == GUARD_FINISHED);
    return connection->core_ended || guard_state(connection->guard) == GUARD_FINISHED;
}

/* Writes what there is and decides how the connection goes on: the end of each turn. */
static void settle(struct front_connection *connection)
{
    write_to_core(connection);
    write_to_caller(connection);
    if (connection->misbehaviour && !connection->is_broken)
        disconnect(connection);
    if (!connection->is_broken)
        answer_flushed(connection);
    if (connection->is_broken || (has_ended(connection) && !begin_closing(connection)))
        front_connection_end(connection);
    else
        wait(connection);
}

static void stamp_flushes(struct front_connection *connection)
{
    uint64_t until = connection->flushed + connection->to_caller.size +
                     connection->front->outputs.to_caller.size;
    for (struct flush_request *request = STAILQ_FIRST(&connection->flushes); request;
         request = STAILQ_NEXT(request, place))
        if (request->until == NOT_YET)
            request->until = until;
}

/* A piece that is not full was all that C-core had written. */
static void read_core(struct front_connection *connection)
{
    struct front *front = connection->front;
    ssize_t got = FRONT_PIECE_BYTES;
    for (int turn = 0; turn < TURN_PIECES && got == FRONT_PIECE_BYTES && may_read_core(connection);
         turn++) {
        got = recv(connection->inner, front->piece, FRONT_PIECE_BYTES, 0);
        if (got > 0)
            guard_from_core(connection->guard, front->piece, (size_t)got, clock_now_ns(),
                            &front->outputs);
    }
    connection->core_ended = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    if (got < FRONT_PIECE_BYTES)
        stamp_flushes(connection);
}

static void on_core_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    read_core(context);
    settle(context);
}

static void on_core_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    settle(context);
}

static void watch(struct front_connection *connection, enum front_wait wait, int fd, short what,
                  event_callback_fn happened)
{
    event_assign(&connection->events[wait], connection->front->thread.loop, fd, what | EV_PERSIST,
                 happened, connection);
}

static bool open_pair(struct front_connection *connection)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    connection->inner = ends[0];
    connection->core = ends[1];
    watch(connection, FRONT_CORE_READABLE, connection->inner, EV_READ, on_core_readable);
    watch(connection, FRONT_CORE_WRITABLE, connection->inner, EV_WRITE, on_core_writable);
    return true;
}

/* The caller has sent the HTTP/2 preface. */
static void open_core(struct front_connection *connection)
{
    struct front *front = connection->front;
    if (!open_pair(connection)) {
        front->events.refused(strerror(errno), front->events.context);
        connection->is_broken = true;
        return;
    }
    front->served++;
    connection->opened_ns = connection->busy_ns = connection->peer.opened_ns = clock_now_ns();
    front_set_core(front, connection);
    connection->entry = peer_table_bind(front->peers, connection->core, &connection->peer);
    front->events.opened(connection->core, front->events.context);
}

static void pause_until(struct front_connection *connection, int64_t until_ns, int64_t now_ns)
{
    if (until_ns <= now_ns)
        return;
    struct timeval pause = clock_timeval(until_ns - now_ns);
    connection->is_paused = true;
    event_add(&connection->resume, &pause);
}

static void take_from_caller(struct front_connection *connection, size_t size)
{
    struct front *front = connection->front;
    int64_t now_ns = clock_now_ns();
    if (!connection->guard)
        connection->guard = guard_new(&front->guard_settings, &connection->hooks, now_ns);
    guard_from_caller(connection->guard, front->piece, size, now_ns, &front->outputs);
    if (!has_core(connection) && front->outputs.to_core.size > 0)
        open_core(connection);
    if (!connection->is_broken)
        pause_until(connection, guard_paused_until(connection->guard), now_ns);
}

static void read_caller(struct front_connection *connection)
{
    for (int turn = 0; turn < TURN_PIECES && may_read_caller(connection); turn++) {
        ssize_t got =
            channel_read(&connection->channel, connection->front->piece, FRONT_PIECE_BYTES);
        if (got > 0) {
            take_from_caller(connection, (size_t)got);
            if (connection->is_broken)
                return;
            continue;
        }
        connection->caller_ended = got == CHANNEL_ENDED;
        connection->is_broken = got == CHANNEL_BROKEN;
        return;
    }
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct front_connection *connection = context;
    connection->is_paused = false;
    wait(connection);
}

static void identify(const struct identity *names, size_t count, void *context)
{
    struct front_connection *connection = context;
    peer_identify(&connection->peer, connection->front->config, names, count);
}

/* Returns whether the handshake is complete. */
static bool shake_hands(struct front_connection *connection)
{
    const struct front_events *events = &connection->front->events;
    struct status status;
    const char *why = "";
    int result = channel_handshake(&connection->channel, &why);
    if (result == CHANNEL_BROKEN) {
        status_set(&status, STATUS_UNAUTHENTICATED, "TLS handshake: %s", why);
        events->refused(status.message, events->context);
        connection->is_broken = true;
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
    for (int turn = 0; turn < TURN_PIECES && got > 0; turn++)
        got = recv(connection->channel.fd, connection->front->piece, FRONT_PIECE_BYTES, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        front_connection_end(connection);
}

static void advance(struct front_connection *connection)
{
    if (connection->phase == FRONT_SERVING || shake_hands(connection))
        read_caller(connection);
    settle(connection);
}

static void on_caller_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct front_connection *connection = context;
    if (connection->phase == FRONT_CLOSING)
        await_close(connection);
    else
        advance(connection);
}

static void on_caller_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct front_connection *connection = context;
    bool has_waited = connection->channel.read_waits_for_writing;
    connection->channel.read_waits_for_writing = false;
    if (has_waited)
        advance(connection);
    else
        settle(connection);
}

void front_connection_begin(struct front_connection *connection)
{
    struct front *front = connection->front;
    int fd = connection->channel.fd;
    uint32_t percent = 90 + arc4random_uniform(21);
    connection->age_ns = front->config->max_age_ns / 100 * percent;
    connection->hooks = front_hooks(connection);
    connection->phase = FRONT_HANDSHAKE;
    if (connection->has_tls)
        connection->channel.tls = tls_session(front->tls, fd);
    STAILQ_INIT(&connection->flushes);
    watch(connection, FRONT_CALLER_READABLE, fd, EV_READ, on_caller_readable);
    watch(connection, FRONT_CALLER_WRITABLE, fd, EV_WRITE, on_caller_writable);
    evtimer_assign(&connection->resume, front->thread.loop, on_resume, connection);
    advance(connection);
}

void front_connection_flush(struct front_connection *connection, struct flush_request *request)
{
    request->until = NOT_YET;
    STAILQ_INSERT_TAIL(&connection->flushes, request, place);
    read_core(connection);
    settle(connection);
}

void front_connection_announce(struct front_connection *connection)
{
    if (connection->phase == FRONT_CLOSING)
        return;
    if (connection->phase == FRONT_SERVING || shake_hands(connection))
        read_caller(connection);
    if (has_core(connection))
        guard_announce_end(connection->guard, &connection->front->outputs);
    else
        connection->is_broken = true;
    settle(connection);
}

void front_connection_refuse(struct front_connection *connection)
{
    if (!has_core(connection))
        return;
    guard_refuse_streams(connection->guard, &connection->front->outputs);
    settle(connection);
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
    guard_tick(connection->guard, now_ns, &connection->front->outputs);
    if (guard_open_streams(connection->guard) > 0)
        connection->busy_ns = now_ns;
    retire(connection, now_ns);
    connection->is_broken |=
        finishes_too_long(connection, now_ns) ||
        (connection->to_caller.size > 0 && now_ns - connection->stalled_ns > LONGEST_STALL_NS);
    settle(connection);
}

void front_connection_tick(struct front_connection *connection, int64_t now_ns)
{
    int64_t timeout_ns = connection->front->config->handshake_timeout_ns;
    if (has_core(connection))
        tick_served(connection, now_ns);
    else if (connection->phase == FRONT_CLOSING
                 ? now_ns - connection->closing_ns > CLOSE_PATIENCE_NS
                 : timeout_ns > 0 && now_ns - connection->added_ns > timeout_ns)
        front_connection_end(connection);
}
