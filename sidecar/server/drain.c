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
#include "server/listener.h"

#include "base/banned.h"

/* Nothing is read while calls finish, as long as one finishes within CALLS_PATIENCE_NS, and no
 * longer than READ_PAUSE_NS altogether: meanwhile cancels and pings of callers go unseen, and a
 * response that is larger than its caller's window waits. Calls that are read later are lost. */
#define CALLS_PATIENCE_NS (2 * CLOCK_NS_PER_S)
#define READ_PAUSE_NS (10 * CLOCK_NS_PER_S)

/* Time for callers to close their connections after the GOAWAY, while nothing is read. */
#define CLOSE_PATIENCE_NS (200 * CLOCK_NS_PER_MS)

/* C-core reports events only to a thread that lets it read, so that they are polled for. */
#define POLL_INTERVAL_MS 1

/* After this number of polls no other thread of C-core is still reading. */
#define SETTLING_POLLS 20

/* Interval at which closing what is left is tried again; C-core itself waits twenty seconds for a
 * silent peer. */
static const struct timeval retry_interval = {.tv_sec = 3};

/* Time for the last responses of a drain that is forced. */
static const struct timeval cut_delay = {.tv_usec = 500000};

/* GOAWAY with last stream 0 and NO_ERROR: none of the open streams was or will be processed. */
static const unsigned char goaway_frame[] = {0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

struct drain {
    struct core *core;
    struct poller *poller;
    struct event *timer, *cut;
    struct tag due, latest, shut_down;
    struct task cancel_all;
    atomic_bool is_due;

    /* The poller's thread. */
    bool has_begun, has_latest, is_over;
};

/* Handles the events at hand. C-core reads from connections only when its queue is empty; the tag
 * posted here, behind all other events, keeps it from being empty. */
static void handle_events(struct drain *drain)
{
    drain->has_latest = false;
    poller_post(drain->poller, &drain->latest);
    while (!drain->has_latest)
        poller_handle_event(drain->poller);
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
    rpc_tracker_done(&drain->core->tracker);
}

static void on_cancel_all(struct task *task)
{
    grpc_server_cancel_all_calls(container_of(task, struct drain, cancel_all)->core->server);
}

static void shut_down(struct drain *drain)
{
    grpc_server_shutdown_and_notify(drain->core->server, drain->core->queue, &drain->shut_down);
}

static bool calls_live(const struct drain *drain)
{
    return !drain->is_over && atomic_load(&drain->core->tracker.count) > 1;
}

/* Begins the calls that were read, and waits for all to finish. False when some do not in time. */
static bool finish_calls(struct drain *drain)
{
    handle_events(drain);
    for (int i = 0; i < SETTLING_POLLS; i++)
        wait_and_handle_events(drain);
    shut_down(drain);
    int64_t now_ns = clock_now_ns(), began_ns = now_ns, finished_ns = now_ns;
    size_t left = atomic_load(&drain->core->tracker.count);
    do {
        size_t before = left;
        wait_and_handle_events(drain);
        now_ns = clock_now_ns();
        left = atomic_load(&drain->core->tracker.count);
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
 * Writing to C-core's connections is safe here, because C-core does not write while no call is open
 * and nothing is read. The frame comes after all responses, and before anything that C-core sends
 * about calls that it reads later.
 */
static void send_goaway(struct drain *drain)
{
    size_t count;
    int *held = listeners_hold(drain->core->listeners, &count);
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

/* Closes the connections of callers that have not closed them after the GOAWAY. */
static void close_connections(struct drain *drain)
{
    handle_events(drain);
    if (!drain->is_over && !calls_live(drain))
        grpc_server_cancel_all_calls(drain->core->server);
}

/* Runs on the poller's thread, so that C-core reads nothing until it returns. */
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

/* Makes C-core's pending writes fail. Repeats, because each time it reaches only as many
 * connections as there are descriptors to duplicate theirs. */
static void on_cut(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct drain *drain = context;
    size_t count;
    int *held = listeners_hold(drain->core->listeners, &count);
    for (size_t i = 0; i < count; i++) {
        shutdown(held[i], SHUT_RDWR);
        close(held[i]);
    }
    free(held);
}

struct drain *drain_new(struct core *core, struct poller *poller, struct event_base *loop)
{
    struct drain *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct drain){.core = core, .poller = poller};
    made->due.happened = on_due;
    made->latest.happened = on_latest;
    made->shut_down.happened = on_shut_down;
    made->cancel_all.run = on_cancel_all;
    made->timer = memory_expect(event_new(loop, -1, EV_PERSIST, on_timer, made));
    made->cut = memory_expect(event_new(loop, -1, EV_PERSIST, on_cut, made));
    return made;
}

void drain_begin(struct drain *drain)
{
    post_due(drain);
    event_add(drain->timer, &retry_interval);
}

void drain_force(struct drain *drain)
{
    /* Behind the replies that the poller has not sent yet. */
    poller_run(drain->poller, &drain->cancel_all);
    event_add(drain->cut, &cut_delay);
}

void drain_at_once(struct drain *drain)
{
    shut_down(drain);
    grpc_server_cancel_all_calls(drain->core->server);
    while (!drain->is_over)
        poller_handle_event(drain->poller);
}

void drain_free(struct drain *drain)
{
    if (!drain)
        return;
    event_free(drain->timer);
    event_free(drain->cut);
    free(drain);
}
