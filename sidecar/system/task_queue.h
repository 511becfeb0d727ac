/* SPDX-License-Identifier: MIT */
/*
 * Tasks for an event loop: any thread posts them, and the loop's thread wakes and runs them in the
 * order in which they were posted.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "system/task_stack.h"

/* All zero before task_queue_init. */
struct task_queue {
    struct task_stack tasks;
    int wake_fd;
    struct event *wake;
};

/* False when no descriptor is left. The loop's thread, or before that is started. */
must_use bool task_queue_init(struct task_queue *queue, struct event_base *loop);
void task_queue_clear(struct task_queue *queue);

/* Any thread. A task may be posted again once it has been run. */
void task_queue_post(struct task_queue *queue, struct task *task);
