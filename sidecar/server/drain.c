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
#define REST_NS (10 * CLOCK_NS_PER_S)

/* And so long while callers close their connections. */
#define CLOSE_PATIENCE_NS (200 * CLOCK_NS_PER_MS)

/* C-core tells of events only to those who let it read, so that we have to look for them. */
#define GLANCE_MS 1

/* So often before it is taken that no other thread of C-core is still reading. */
#define SETTLING_GLANCES 20

/* How often it is tried later to close what is left; C-core itself waits twenty seconds for a peer
 * that says nothing. */
static const struct timeval again = {.tv_sec = 3};

/* As long may the last answers of a farewell that is forced take. */
static const struct timeval moment = {.tv_usec = 500000};

/* GOAWAY, no error: of the streams that are open none was or will be processed. */
static const unsigned char last_word[] = {0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

struct farewell {
    grpc_server *server;
    grpc_completion_queue *queue;
    struct bell *bell;
    struct life *life;
    struct listeners *listeners;
    struct event *timer, *cut;
    struct tag due, latest, shut_down;
    atomic_bool is_due;

    /* The poller's. */
    bool has_begun, has_latest, is_over;
};

/* Handles the events that are there. C-core reads from connections only when it finds none, so that
 * the bell, behind them all, keeps it from doing so. */
static void handle_events(struct farewell *farewell)
{
    farewell->has_latest = false;
    bell_ring(farewell->bell, &farewell->latest);
    while (!farewell->has_latest)
        core_handle_event(farewell->queue);
}

static void on_latest(struct tag *tag, bool good)
{
    (void)good;
    container_of(tag, struct farewell, latest)->has_latest = true;
}

static void rest_and_handle_events(struct farewell *farewell)
{
    nanosleep(&(struct timespec){.tv_nsec = GLANCE_MS * CLOCK_NS_PER_MS}, NULL);
    handle_events(farewell);
}

static void on_shut_down(struct tag *tag, bool good)
{
    (void)good;
    struct farewell *farewell = container_of(tag, struct farewell, shut_down);
    farewell->is_over = true;
    life_leave(farewell->life);
}

static void shut_down(struct farewell *farewell)
{
    grpc_server_shutdown_and_notify(farewell->server, farewell->queue, &farewell->shut_down);
}

static bool calls_live(const struct farewell *farewell)
{
    return !farewell->is_over && atomic_load(&farewell->life->count) > 1;
}

/* Calls that were read are begun first. False when some do not finish in time. */
static bool finish_calls(struct farewell *farewell)
{
    handle_events(farewell);
    for (int i = 0; i < SETTLING_GLANCES; i++)
        rest_and_handle_events(farewell);
    shut_down(farewell);
    int64_t now_ns = clock_now_ns(), began_ns = now_ns, finished_ns = now_ns;
    size_t left = atomic_load(&farewell->life->count);
    do {
        size_t before = left;
        rest_and_handle_events(farewell);
        now_ns = clock_now_ns();
        left = atomic_load(&farewell->life->count);
        finished_ns = left < before ? now_ns : finished_ns;
    } while (calls_live(farewell) && now_ns - finished_ns < CALLS_PATIENCE_NS &&
             now_ns - began_ns < REST_NS);
    return !calls_live(farewell);
}

static size_t still_open(struct pollfd *connections, size_t count)
{
    size_t open = 0;
    poll(connections, count, GLANCE_MS);
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
static void dismiss_callers(struct farewell *farewell)
{
    size_t count;
    int *held = listeners_hold(farewell->listeners, &count);
    struct pollfd *connections = memory_expect(calloc(count + 1, sizeof *connections));
    for (size_t i = 0; i < count; i++) {
        connections[i] = (struct pollfd){.fd = held[i], .events = POLLRDHUP};
        (void)!send(held[i], last_word, sizeof last_word, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    int64_t until_ns = clock_now_ns() + CLOSE_PATIENCE_NS;
    while (still_open(connections, count) > 0 && clock_now_ns() < until_ns)
        handle_events(farewell);
    for (size_t i = 0; i < count; i++)
        close(held[i]);
    free(connections);
    free(held);
}

/* Nobody has called for a while; who has not gone by now is not going to. */
static void close_connections(struct farewell *farewell)
{
    handle_events(farewell);
    if (!farewell->is_over && !calls_live(farewell))
        grpc_server_cancel_all_calls(farewell->server);
}

/* On the poller's thread, so that C-core reads nothing until this returns. */
static void on_due(struct tag *tag, bool good)
{
    (void)good;
    struct farewell *farewell = container_of(tag, struct farewell, due);
    assert(atomic_load(&farewell->is_due));
    bool is_first = !farewell->has_begun;
    farewell->has_begun = true;
    if (is_first && finish_calls(farewell) && !farewell->is_over)
        dismiss_callers(farewell);
    else if (!is_first && !farewell->is_over)
        close_connections(farewell);
    atomic_store(&farewell->is_due, false);
}

static void ring(struct farewell *farewell)
{
    if (!atomic_exchange(&farewell->is_due, true))
        bell_ring(farewell->bell, &farewell->due);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    ring(context);
}

/* What C-core still wants to write fails now. It is done again and again, each time for as many
 * connections as there are descriptors to hold them by. */
static void on_cut(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct farewell *farewell = context;
    size_t count;
    int *held = listeners_hold(farewell->listeners, &count);
    for (size_t i = 0; i < count; i++) {
        shutdown(held[i], SHUT_RDWR);
        close(held[i]);
    }
    free(held);
}

struct farewell *farewell_new(grpc_server *server, grpc_completion_queue *queue, struct bell *bell,
                              struct life *life, struct event_base *loop)
{
    struct farewell *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct farewell){.server = server, .queue = queue, .bell = bell, .life = life};
    made->due.happened = on_due;
    made->latest.happened = on_latest;
    made->shut_down.happened = on_shut_down;
    made->timer = memory_expect(event_new(loop, -1, EV_PERSIST, on_timer, made));
    made->cut = memory_expect(event_new(loop, -1, EV_PERSIST, on_cut, made));
    return made;
}

void farewell_begin(struct farewell *farewell, struct listeners *listeners)
{
    farewell->listeners = listeners;
    ring(farewell);
    event_add(farewell->timer, &again);
}

void farewell_force(struct farewell *farewell)
{
    grpc_server_cancel_all_calls(farewell->server);
    event_add(farewell->cut, &moment);
}

void farewell_at_once(struct farewell *farewell)
{
    shut_down(farewell);
    grpc_server_cancel_all_calls(farewell->server);
    while (!farewell->is_over)
        core_handle_event(farewell->queue);
}

void farewell_free(struct farewell *farewell)
{
    if (!farewell)
        return;
    event_free(farewell->timer);
    event_free(farewell->cut);
    free(farewell);
}
