/* SPDX-License-Identifier: MIT */
#include "system/task_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"

#include "base/banned.h"

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct task_queue *queue = context;
    task_stack_run(&queue->tasks);
}

bool task_queue_init(struct task_queue *queue, struct event_base *loop)
{
    queue->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (queue->wake_fd < 0)
        return false;
    /* Edge-triggered: each write wakes the loop, and the counter needs no reading. */
    queue->wake = memory_expect(
        event_new(loop, queue->wake_fd, EV_READ | EV_PERSIST | EV_ET, on_wake, queue));
    event_add(queue->wake, NULL);
    return true;
}

void task_queue_clear(struct task_queue *queue)
{
    if (!queue->wake)
        return;
    event_free(queue->wake);
    close(queue->wake_fd);
}

void task_queue_post(struct task_queue *queue, struct task *task)
{
    if (task_stack_push(&queue->tasks, task))
        (void)eventfd_write(queue->wake_fd, 1);
}
