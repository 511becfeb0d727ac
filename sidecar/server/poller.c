/* SPDX-License-Identifier: MIT */
#include "server/poller.h"

#include <stdlib.h>

#include "base/memory.h"
#include "system/thread.h"

#include "base/banned.h"

struct poller {
    grpc_completion_queue *queue;
    /* A call that is never made. A batch without operations ends at once, and its tag is put into
     * the queue of its call. */
    grpc_channel *channel;
    grpc_call *rpc;
    struct thread thread;
    struct watched_thread watched;
    struct tag pinged;
    void (*run)(void *context); /* in each round; NULL: nothing */
    void *context;              /* of run */
    struct task_stack tasks;
    struct tag handed_over; /* the tasks */
};

/* The poller whose event this thread handles now. */
static _Thread_local const struct poller *current;

static void on_pinged(struct tag *tag, bool good)
{
    (void)good;
    struct poller *poller = container_of(tag, struct poller, pinged);
    watchdog_pong(&poller->watched);
    if (poller->run)
        poller->run(poller->context);
}

static void on_handed_over(struct tag *tag, bool good)
{
    (void)good;
    task_stack_run(&container_of(tag, struct poller, handed_over)->tasks);
}

static void send_ping(struct watched_thread *watched)
{
    struct poller *poller = container_of(watched, struct poller, watched);
    poller_post(poller, &poller->pinged);
}

struct poller *poller_new(void)
{
    struct poller *poller = memory_expect(calloc(1, sizeof *poller));
    poller->watched.name = "poller";
    poller->watched.ping = send_ping;
    poller->pinged.happened = on_pinged;
    poller->handed_over.happened = on_handed_over;
    poller->queue = grpc_completion_queue_create_for_next(NULL);
    poller->channel =
        grpc_lame_client_channel_create("poller", GRPC_STATUS_UNAVAILABLE, "no channel");
    poller->rpc = grpc_channel_create_call(poller->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
                                           poller->queue, grpc_slice_from_static_string("/poller"),
                                           NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    return poller;
}

void poller_on_round(struct poller *poller, void (*run)(void *context), void *context)
{
    poller->run = run;
    poller->context = context;
}

grpc_completion_queue *poller_queue(const struct poller *poller)
{
    return poller->queue;
}

void poller_post(struct poller *poller, struct tag *tag)
{
    if (grpc_call_start_batch(poller->rpc, NULL, 0, tag, NULL) != GRPC_CALL_OK)
        abort();
}

void poller_run(struct poller *poller, struct task *task)
{
    if (current == poller)
        task->run(task);
    else if (task_stack_push(&poller->tasks, task))
        poller_post(poller, &poller->handed_over);
}

/* False when the queue has been shut down and is empty. */
static bool handle_next(struct poller *poller)
{
    grpc_event event =
        grpc_completion_queue_next(poller->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    if (event.type == GRPC_QUEUE_SHUTDOWN)
        return false;
    struct tag *tag = event.tag;
    const struct poller *outer = current;
    current = poller;
    tag->happened(tag, event.success);
    current = outer;
    return true;
}

void poller_handle_event(struct poller *poller)
{
    (void)handle_next(poller);
}

static void *run(void *context)
{
    while (handle_next(context))
        ;
    return NULL;
}

bool poller_start(struct poller *poller, struct watchdog *watchdog, struct status *status)
{
    if (!thread_start(&poller->thread, poller->watched.name, run, poller, status))
        return false;
    watchdog_add(watchdog, &poller->watched);
    return true;
}

void poller_stop(struct poller *poller)
{
    watchdog_remove(&poller->watched);
    grpc_completion_queue_shutdown(poller->queue);
    if (poller->thread.is_started)
        thread_join(&poller->thread);
    else
        (void)run(poller);
}

void poller_free(struct poller *poller)
{
    if (!poller)
        return;
    grpc_call_unref(poller->rpc);
    grpc_channel_destroy(poller->channel);
    grpc_completion_queue_destroy(poller->queue);
    free(poller);
}
