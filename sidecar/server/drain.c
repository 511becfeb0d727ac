/* SPDX-License-Identifier: MIT */
#include "server/drain.h"

#include <stdlib.h>

#include "base/memory.h"
#include "server/front.h"

#include "base/banned.h"

/* Time for the last responses of a drain that is forced. */
static const struct timeval cut_delay = {.tv_usec = 500000};

struct drain {
    struct core *core;
    struct poller *poller;
    struct event *cut;
    struct tag finish, shut_down;
    struct task force;

    /* The poller's thread. */
    bool is_shutting_down, is_over;
};

static void on_shut_down(struct tag *tag, bool good)
{
    (void)good;
    struct drain *drain = container_of(tag, struct drain, shut_down);
    drain->is_over = true;
    rpc_tracker_done(&drain->core->tracker);
}

static void shut_down(struct drain *drain)
{
    if (!drain->is_shutting_down)
        grpc_server_shutdown_and_notify(drain->core->server, drain->core->queue, &drain->shut_down);
    drain->is_shutting_down = true;
}

/* On the poller's thread, because the server may be destroyed as soon as the poller has seen that
 * it has shut down. */
static void on_finish(struct tag *tag, bool good)
{
    (void)good;
    shut_down(container_of(tag, struct drain, finish));
}

static void on_force(struct task *task)
{
    struct drain *drain = container_of(task, struct drain, force);
    shut_down(drain);
    grpc_server_cancel_all_calls(drain->core->server);
}

static void on_cut(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    const struct drain *drain = context;
    front_cut(drain->core->front);
}

struct drain *drain_new(struct core *core, struct poller *poller, struct event_base *loop)
{
    struct drain *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct drain){.core = core, .poller = poller};
    made->finish.happened = on_finish;
    made->shut_down.happened = on_shut_down;
    made->force.run = on_force;
    made->cut = memory_expect(evtimer_new(loop, on_cut, made));
    return made;
}

void drain_begin(struct drain *drain)
{
    front_drain(drain->core->front);
}

void drain_finish(struct drain *drain)
{
    poller_post(drain->poller, &drain->finish);
}

void drain_force(struct drain *drain)
{
    /* Behind the replies that the poller has not sent yet. */
    poller_run(drain->poller, &drain->force);
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
    event_free(drain->cut);
    free(drain);
}
