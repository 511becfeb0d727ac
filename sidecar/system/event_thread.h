/* SPDX-License-Identifier: MIT */
/*
 * A thread that runs an event loop and takes tasks from other threads. Its owner opens it in two
 * steps, so that what the loop serves can be made between them: event_thread_prepare makes loop and
 * task queue, event_thread_start starts the thread. The thread that opens it also stops and clears
 * it.
 */
#pragma once

#include <event2/event.h>

#include "system/task_queue.h"
#include "system/thread.h"
#include "system/watchdog.h"

struct event_thread {
    struct event_base *loop; /* only its own thread uses it once it is started */
    struct task_queue tasks;
    struct thread thread;
    struct task stop, ping;
    struct watched_thread watched;
    void (*after_events)(void *context);
    void *context;
    bool is_ending; /* its own thread's */
};

/* The work of a thread, and the name and number by which the watchdog reports it. */
struct event_thread_work {
    const char *name;
    size_t number;
    /* On its own thread, after each batch of events. NULL is allowed. */
    void (*after_events)(void *context);
    void *context;
    struct watchdog *watchdog; /* NULL: it is not watched */
};

/* Makes loop and task queue of a struct that is all zero. INTERNAL when descriptors run out; to be
 * cleared in that case as well. */
must_use bool event_thread_prepare(struct event_thread *thread, struct status *status);

/* Starts the thread and registers it with the watchdog. INTERNAL when the system starts none. The
 * program ends when the loop fails later. */
must_use bool event_thread_start(struct event_thread *thread, const struct event_thread_work *work,
                                 struct status *status);

/* Ends the loop after the events at hand. Its own thread. */
void event_thread_end(struct event_thread *thread);

/* Stops watching the thread and waits until it has ended, which something posted to it has to bring
 * about. Does nothing for one that was not started. */
void event_thread_join(struct event_thread *thread);

/* Ends the thread after the tasks posted so far, and waits until it has ended. Does nothing for one
 * that was not started. */
void event_thread_stop(struct event_thread *thread);

/* Frees loop and queue of a thread that has ended or was not started; events of the loop have to be
 * freed before. */
void event_thread_clear(struct event_thread *thread);
