/* SPDX-License-Identifier: MIT */
/*
 * The poller: one thread that takes events from C-core's completion queue and calls their tags. Its
 * owner, on the main thread, starts, stops and frees it.
 */
#pragma once

#include "base/status.h"
#include "server/core.h"
#include "system/task_stack.h"
#include "system/watchdog.h"

struct poller;

/* Makes the queue; after grpc_init. */
struct poller *poller_new(void);
grpc_completion_queue *poller_queue(const struct poller *poller);

/* Runs a function in each round of the watchdog, on the poller's thread. At most one; before
 * poller_start. */
void poller_on_round(struct poller *poller, void (*run)(void *context), void *context);

/* Starts the thread, which the watchdog (NULL is allowed) watches. INTERNAL when the system starts
 * none. */
must_use bool poller_start(struct poller *poller, struct watchdog *watchdog, struct status *status);

/* An event of our own: the tag is called on the poller's thread. It may be posted again once it has
 * been called. Any thread, until poller_stop. */
void poller_post(struct poller *poller, struct tag *tag);

/*
 * Runs the task on the poller's thread: at once when that is the caller, else after those that
 * other threads have handed over before. One wake-up serves all that wait, so that operations which
 * other threads start through here do not contend for C-core's locks. Any thread, until
 * poller_stop.
 */
void poller_run(struct poller *poller, struct task *task);

/* Waits for the next event and calls its tag. The poller's thread, or any while that is not
 * started. */
void poller_handle_event(struct poller *poller);

/* Shuts the queue down and returns when all its tags have been called and the thread, if it was
 * started, has ended. */
void poller_stop(struct poller *poller);

/* After poller_stop; NULL is allowed. */
void poller_free(struct poller *poller);
