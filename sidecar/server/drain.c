/* SPDX-License-Identifier: MIT */
#include "server/drain.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#include "base/banned.h"

/* Reading rests while calls finish, one at least in so long a time, and no longer than that
 * altogether: a caller's cancels and pings go unseen, and an answer that is larger than its caller
 * has room for waits. Calls that are read later are lost. */
#define CALLS_PATIENCE_NS (2 * CLOCK_NS_PER_S)
#define READ_PAUSE_NS (10 * CLOCK_NS_PER_S)

/* And so long while callers close their connections. */
#define CLOSE_PATIENCE_NS (200 * CLOCK_NS_PER_MS)

/* C-core tells of events only to those who let it read, so that we have to look for them. */
#define POLL_INTERVAL_MS 1

/* So often before it is taken that no other thread of C-core is still reading. */
#define SETTLING_POLLS 20

/* How often it is tried later to close what is left; C-core itself waits twenty seconds for a peer
 * that says nothing. */
static const struct timeval again = {.tv_sec = 3};

/* As long may the last answers of a drain that is forced take. */
static const struct timeval moment = {.tv_usec = 500000};

/* GOAWAY, no error: of the streams that are open none was or will be processed. */
static const unsigned char goaway_frame[] = {0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

struct drain {
    grpc_server *server;
    grpc_completion_queue *queue;
    struct poller *poller;
    struct rpc_tracker *tracker;
    struct listeners *listeners;
    struct event *timer, *cut;
    struct tag due, latest, shut_down;
    atomic_bool is_due;

    /* The poller's. */
    bool has_begun, has_latest, is_over;
};

/* Handles the events that are there. C-core reads from connections only when it finds none, so that
 * the poller's tag, behind them all, keeps it from doing so. */
static void handle_events(struct drain *drain)
{
    drain->has_latest = false;
    poller_post(drain->poller, &drain->latest);
    while (!drain->has_latest)
        poller_handle_event(drain->queue);
}

static void on_latest(struct tag *tag, bool good)
{
    (void)good;
    container_of(tag, struct drain, latest)->has_latest = true;
}

static void wait_and_handle_events(struct drain *drain)
{
    nanosleep(&(struct timespec){.tv_nsec = POLL_INTERVAL_MS * CLOCK_NS_PER_MS}, NULL);
    handle_events(drain);
}

static void on_shut_down(struct tag *tag, bool good)
{
    (void)good;
    struct drain *drain = container_of(tag, struct drain, shut_down);
    drain->is_over = true;
    rpc_tracker_done(drain->tracker);
}

static void shut_down(struct drain *drain)
{
    grpc_server_shutdown_and_notify(drain->server, drain->queue, &drain->shut_down);
}

static bool calls_live(const struct drain *drain)
{
    return !drain->is_over && atomic_load(&drain->tracker->count) > 1;
}

/* Calls that were read are begun first. False when some do not finish in time. */
static bool finish_calls(struct drain *drain)
{
    handle_events(drain);
    for (int i = 0; i < SETTLING_POLLS; i++)
        wait_and_handle_events(drain);
    shut_down(drain);
    int64_t now_ns = clock_now_ns(), began_ns = now_ns, finished_ns = now_ns;
    size_t left = atomic_load(&drain->tracker->count);
    do {
        size_t before = left;
        wait_and_handle_events(drain);
        now_ns = clock_now_ns();
        left = atomic_load(&drain->tracker->count);
        finished_ns = left < before ? now_ns : finished_ns;
    } while (calls_live(drain) && now_ns - finished_ns < CALLS_PATIENCE_NS &&
             now_ns - began_ns < READ_PAUSE_NS);
    return !calls_live(drain);
}

static size_t still_open(struct pollfd *connections, size_t count)
{
    size_t open = 0;
    poll(connections, count, POLL_INTERVAL_MS);
    for (size_t i = 0; i < count; i++) {
        if (connections[i].revents)
            connections[i].fd = -1;
        open += connections[i].fd >= 0;
    }
    return open;
}

/*
 * We may write on C-core's connections, since it does not: nothing makes it while no call lives and
 * nothing is read. Our word stands behind all answers, and before whatever C-core will say of the
 * calls that it reads later.
 */
static void send_goaway(struct drain *drain)
{
    size_t count;
    int *held = listeners_hold(drain->listeners, &count);
    struct pollfd *connections = memory_expect(calloc(count + 1, sizeof *connections));
    for (size_t i = 0; i < count; i++) {
        connections[i] = (struct pollfd){.fd = held[i], .events = POLLRDHUP};
        (void)!send(held[i], goaway_frame, sizeof goaway_frame, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    int64_t until_ns = clock_now_ns() + CLOSE_PATIENCE_NS;
    while (still_open(connections, count) > 0 && clock_now_ns() < until_ns)
        handle_events(drain);
    for (size_t i = 0; i < count; i++)
        close(held[i]);
    free(connections);
    free(held);
}

/* Nobody has called for a while; who has not gone by now is not going to. */
static void close_connections(struct drain *drain)
{
    handle_events(drain);
    if (!drain->is_over && !calls_live(drain))
        grpc_server_cancel_all_calls(drain->server);
}

/* On the poller's thread, so that C-core reads nothing until this returns. */
static void on_due(struct tag *tag, bool good)
{
    (void)good;
    struct drain *drain = container_of(tag, struct drain, due);
    assert(atomic_load(&drain->is_due));
    bool is_first = !drain->has_begun;
    drain->has_begun = true;
    if (is_first && finish_calls(drain) && !drain->is_over)
        send_goaway(drain);
    else if (!is_first && !drain->is_over)
        close_connections(drain);
    atomic_store(&drain->is_due, false);
}

static void post_due(struct drain *drain)
{
    if (!atomic_exchange(&drain->is_due, true))
        poller_post(drain->poller, &drain->due);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    post_due(context);
}

/* What C-core still wants to write fails now. It is done again and again, each time for as many
 * connections as there are descriptors to hold them by. */
static void on_cut(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct drain *drain = context;
    size_t count;
    int *held = listeners_hold(drain->listeners, &count);
    for (size_t i = 0; i < count; i++) {
        shutdown(held[i], SHUT_RDWR);
        close(held[i]);
    }
    free(held);
}

struct drain *drain_new(grpc_server *server, grpc_completion_queue *queue, struct poller *poller,
                        struct rpc_tracker *tracker, struct event_base *loop)
{
    struct drain *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct drain){.server = server, .queue = queue, .poller = poller, .tracker = tracker};
    made->due.happened = on_due;
    made->latest.happened = on_latest;
    made->shut_down.happened = on_shut_down;
    made->timer = memory_expect(event_new(loop, -1, EV_PERSIST, on_timer, made));
    made->cut = memory_expect(event_new(loop, -1, EV_PERSIST, on_cut, made));
    return made;
}

void drain_begin(struct drain *drain, struct listeners *listeners)
{
    drain->listeners = listeners;
    post_due(drain);
    event_add(drain->timer, &again);
}

void drain_force(struct drain *drain)
{
    grpc_server_cancel_all_calls(drain->server);
    event_add(drain->cut, &moment);
}

void drain_at_once(struct drain *drain)
{
    shut_down(drain);
    grpc_server_cancel_all_calls(drain->server);
    while (!drain->is_over)
        poller_handle_event(drain->queue);
}

void drain_free(struct drain *drain)
{
    if (!drain)
        return;
    event_free(drain->timer);
    event_free(drain->cut);
    free(drain);
}
