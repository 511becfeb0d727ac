/* SPDX-License-Identifier: MIT */
/* Whether a thread still turns: one thread asks and another answers when it comes round to it. Who
 * asks owns the ping, and asks again only once it was answered. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "system/task_queue.h"

struct thread_ping {
    atomic_bool is_owed;
};

static inline void thread_ping_answer(struct thread_ping *ping)
{
    atomic_store_explicit(&ping->is_owed, false, memory_order_release);
}

/* How a thread with a task queue is asked; part of what belongs to that thread. */
struct thread_ping_task {
    struct task task;
    struct thread_ping *ping;
};

static inline void thread_ping_run(struct task *task)
{
    thread_ping_answer(container_of(task, struct thread_ping_task, task)->ping);
}

static inline void thread_ping_post(struct thread_ping_task *mine, struct task_queue *queue,
                                    struct thread_ping *ping)
{
    mine->task.run = thread_ping_run;
    mine->ping = ping;
    task_queue_post(queue, &mine->task);
}
