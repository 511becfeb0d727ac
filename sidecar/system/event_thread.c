/* SPDX-License-Identifier: MIT */
#include "system/event_thread.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

static void on_stop(struct task *task)
{
    event_thread_end(container_of(task, struct event_thread, stop));
}

static void on_ping(struct task *task)
{
    watchdog_pong(&container_of(task, struct event_thread, ping)->watched);
}

static void send_ping(struct watched_thread *watched)
{
    struct event_thread *thread = container_of(watched, struct event_thread, watched);
    task_queue_post(&thread->tasks, &thread->ping);
}

bool event_thread_prepare(struct event_thread *thread, struct status *status)
{
    struct event_config *config = memory_expect(event_config_new());
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    thread->loop = event_base_new_with_config(config);
    event_config_free(config);
    thread->stop.run = on_stop;
    thread->ping.run = on_ping;
    thread->watched.ping = send_ping;
    return (thread->loop && task_queue_init(&thread->tasks, thread->loop)) ||
           status_fail(status, STATUS_INTERNAL, "open an event loop: %m");
}

static void *run(void *context)
{
    struct event_thread *thread = context;
    while (!thread->is_ending) {
        if (event_base_loop(thread->loop, EVLOOP_ONCE) != 0) {
            fprintf(stderr, "the event loop of the thread \"%s\" failed: %m\n",
                    thread->watched.name);
            abort();
        }
        if (thread->after_events)
            thread->after_events(thread->context);
    }
    return NULL;
}

bool event_thread_start(struct event_thread *thread, const struct event_thread_work *work,
                        struct status *status)
{
    thread->after_events = work->after_events;
    thread->context = work->context;
    thread->watched.name = work->name;
    thread->watched.number = work->number;
    if (!thread_start(&thread->thread, work->name, run, thread, status))
        return false;
    watchdog_add(work->watchdog, &thread->watched);
    return true;
}

void event_thread_end(struct event_thread *thread)
{
    thread->is_ending = true;
}

void event_thread_join(struct event_thread *thread)
{
    watchdog_remove(&thread->watched);
    thread_join(&thread->thread);
}

void event_thread_stop(struct event_thread *thread)
{
    if (!thread->thread.is_started)
        return;
    task_queue_post(&thread->tasks, &thread->stop);
    event_thread_join(thread);
}

void event_thread_clear(struct event_thread *thread)
{
    task_queue_clear(&thread->tasks);
    if (thread->loop)
        event_base_free(thread->loop);
}
