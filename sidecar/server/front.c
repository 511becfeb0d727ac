/* SPDX-License-Identifier: MIT */
#include "server/front.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "server/front_connection.h"
#include "server/front_memory.h"

#include "base/banned.h"

/* Bytes that a list of fields may have above --max-metadata, and fields above
 * --max-metadata-count: those of HTTP/2 and gRPC itself, which do not count as metadata. */
#define PROTOCOL_FIELD_BYTES 8192
#define PROTOCOL_FIELDS 32

/* Frames that carry nothing: a second, and more for each call. */
#define IDLE_FRAMES 1000
#define IDLE_FRAMES_OF_A_CALL 10

/* Time for callers to receive the last responses when the program ends. */
static const struct timeval end_patience = {.tv_sec = 2};

/* In a drain, callers learn that their connection will end, and this time later no more calls are
 * taken: most callers open calls elsewhere by then. */
static const struct timeval announcement = {.tv_usec = 200000};

/* Timeouts are checked at intervals of a tenth of the shortest one, within these bounds. */
#define LONGEST_TICK_NS CLOCK_NS_PER_S
#define SHORTEST_TICK_NS (10 * CLOCK_NS_PER_MS)
#define TICKS_OF_A_TIMEOUT 10

void front_check_end(struct front *front)
{
    if (front->is_draining && !front->has_drained && front->served == 0) {
        front->has_drained = true;
        front->events.drained(front->events.context);
    }
    if (front->is_ending && LIST_EMPTY(&front->connections))
        event_thread_end(&front->thread);
}

static void on_added(struct task *task)
{
    struct front_connection *connection = container_of(task, struct front_connection, added);
    LIST_INSERT_HEAD(&connection->front->connections, connection, place);
    front_connection_begin(connection);
}

const char *front_add(struct front *front, int fd, bool has_tls, const struct peer *peer)
{
    struct peer_account *account;
    has_tls = has_tls && front->tls;
    if (!front_memory_admit(front, has_tls))
        return "--max-memory is reached";
    const char *limit = peer_table_enter(front->peers, peer, &account);
    if (limit) {
        front_memory_leave(front, has_tls);
        return limit;
    }
    struct front_connection *connection = memory_expect(calloc(1, sizeof *connection));
    connection->added.run = on_added;
    connection->front = front;
    connection->channel.fd = fd;
    connection->inner = -1;
    connection->has_tls = has_tls;
    connection->peer = *peer;
    connection->account = account;
    connection->use = peer->is_trusted_proxy ? &connection->own_use : &account->use;
    connection->added_ns = clock_now_ns();
    task_queue_post(&front->thread.tasks, &connection->added);
    return NULL;
}

size_t front_connections(struct front *front)
{
    return peer_table_connections(front->peers);
}

bool front_follow(struct front *front, struct front_call *call, struct peer *peer)
{
    return call_table_follow(&front->calls, call->number, call, peer);
}

bool front_unfollow(struct front *front, const struct front_call *call)
{
    return call_table_unfollow(&front->calls, call->number);
}

bool front_has_room(struct front *front, const struct front_call *call)
{
    return call_table_has_room(&front->calls, call->number);
}

static void on_commit(struct task *task)
{
    struct front_commit *commit = container_of(task, struct front_commit, task);
    struct call_place place = call_table_find(&commit->front->calls, commit->call);
    commit->stream = place.stream;
    if (place.connection)
        front_connection_commit(place.connection, commit);
    else
        commit->done(commit, false);
}

void front_commit(struct front *front, struct front_commit *commit)
{
    commit->task.run = on_commit;
    commit->front = front;
    task_queue_post(&front->thread.tasks, &commit->task);
}

static void finish_selected(void *context)
{
    struct front *front = context;
    if (front->selected)
        front_connection_finish_turn(front->selected);
}

/* Calls a function that may end the connection that it gets, and no other one. */
static void for_each(struct front *front, void (*visit)(struct front_connection *connection))
{
    finish_selected(front);
    for (struct front_connection *each = LIST_FIRST(&front->connections), *next; each;
         each = next) {
        next = LIST_NEXT(each, place);
        visit(each);
    }
}

static void tick_connection(struct front_connection *connection)
{
    front_connection_tick(connection, clock_now_ns());
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    for_each(context, tick_connection);
}

static void on_refuse(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    for_each(context, front_connection_refuse);
}

static void on_drain(struct task *task)
{
    struct front *front = container_of(task, struct front, drain);
    for_each(front, front_connection_announce);
    event_add(front->refuse, &announcement);
    front->is_draining = true;
    front_check_end(front);
}

void front_drain(struct front *front)
{
    task_queue_post(&front->thread.tasks, &front->drain);
}

static void end_in_drain(struct front_connection *connection)
{
    front_connection_end_for(connection, METRIC_CLOSE_DRAIN);
    front_connection_end(connection);
}

static void on_cut(struct task *task)
{
    for_each(container_of(task, struct front, cut), end_in_drain);
}

void front_cut(struct front *front)
{
    task_queue_post(&front->thread.tasks, &front->cut);
}

static void on_end_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    for_each(context, end_in_drain);
}

static void end_unless_closing(struct front_connection *connection)
{
    if (connection->phase != FRONT_CLOSING)
        end_in_drain(connection);
}

static void on_end(struct task *task)
{
    struct front *front = container_of(task, struct front, end);
    for_each(front, end_unless_closing);
    front->is_ending = true;
    event_add(front->end_over, &end_patience);
    front_check_end(front);
}

static struct timeval tick_interval(const struct config *config)
{
    const int64_t timeouts[] = {config->handshake_timeout_ns, config->idle_timeout_ns,
                                config->max_age_ns, config->deadline_ns};
    int64_t interval_ns = LONGEST_TICK_NS;
    for (size_t i = 0; i < array_length(timeouts); i++)
        if (timeouts[i] > 0 && timeouts[i] / TICKS_OF_A_TIMEOUT < interval_ns)
            interval_ns = timeouts[i] / TICKS_OF_A_TIMEOUT;
    return clock_timeval(interval_ns < SHORTEST_TICK_NS ? SHORTEST_TICK_NS : interval_ns);
}

static struct guard_settings guard_settings_of(const struct config *config)
{
    return (struct guard_settings){
        .max_streams = (uint32_t)config->max_streams,
        .fields = {.list_size = config->max_metadata_bytes + PROTOCOL_FIELD_BYTES,
                   .list_count = config->max_metadata_count + PROTOCOL_FIELDS},
        .max_message = config->max_message_bytes,
        .message_timeout_ns = config->deadline_ns,
        .idle_frames = {IDLE_FRAMES, IDLE_FRAMES_OF_A_CALL},
        .call_field = text_literal(FRONT_CALL_FIELD),
    };
}

static bool open_tls(struct front *front, struct status *status)
{
    const struct tls_files files = tls_files_of(front->config);
    return !files.certificate ||
           tls_open(&files, &front->events.certificate_changes, &front->tls, status);
}

static bool start(struct front *front, struct status *status)
{
    const struct event_thread_work work = {.name = "front",
                                           .after_events = finish_selected,
                                           .context = front,
                                           .watchdog = front->events.watchdog};
    struct timeval interval = tick_interval(front->config);
    if (!event_thread_prepare(&front->thread, status))
        return false;
    front->tick = memory_expect(event_new(front->thread.loop, -1, EV_PERSIST, on_tick, front));
    front->refuse = memory_expect(evtimer_new(front->thread.loop, on_refuse, front));
    front->end_over = memory_expect(evtimer_new(front->thread.loop, on_end_over, front));
    event_add(front->tick, &interval);
    return event_thread_start(&front->thread, &work, status);
}

bool front_open(const struct config *config, const struct front_events *events,
                struct front **front, struct status *status)
{
    struct front *made = memory_expect(calloc(1, sizeof *made));
    made->config = config;
    made->events = *events;
    made->guard_settings = guard_settings_of(config);
    made->peers = peer_table_new(config);
    call_table_init(&made->calls);
    made->drain.run = on_drain;
    made->cut.run = on_cut;
    made->end.run = on_end;
    LIST_INIT(&made->connections);
    if (!open_tls(made, status) || !start(made, status)) {
        front_free(made);
        return false;
    }
    *front = made;
    return true;
}

void front_free(struct front *front)
{
    if (!front)
        return;
    if (front->thread.thread.is_started)
        task_queue_post(&front->thread.tasks, &front->end);
    event_thread_join(&front->thread);
    struct event *const events[] = {front->tick, front->refuse, front->end_over};
    for (size_t i = 0; i < array_length(events); i++)
        if (events[i])
            event_free(events[i]);
    event_thread_clear(&front->thread);
    tls_free(front->tls);
    peer_table_free(front->peers);
    output_clear(&front->outputs.to_core);
    output_clear(&front->outputs.to_caller);
    call_table_clear(&front->calls);
    free(front);
}
