/* SPDX-License-Identifier: MIT */
#include "system/task_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"

#include "base/banned.h"

static struct task *oldest_first(struct task *newest)
{
    struct task *oldest = NULL;
    for (struct task *next; newest; newest = next) {
        next = newest->next;
        newest->next = oldest;
        oldest = newest;
    }
    return oldest;
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct task_queue *queue = context;
    eventfd_t count;
    (void)eventfd_read(fd, &count);
    struct task *task = oldest_first(atomic_exchange(&queue->newest, NULL));
    for (struct task *next; task; task = next) {
        next = task->next;
        task->run(task);
    }
}

bool task_queue_init(struct task_queue *queue, struct event_base *loop)
{
    atomic_init(&queue->newest, NULL);
    queue->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (queue->wake_fd < 0)
        return false;
    queue->wake =
        memory_expect(event_new(loop, queue->wake_fd, EV_READ | EV_PERSIST, on_wake, queue));
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
    struct task *newest = atomic_load_explicit(&queue->newest, memory_order_relaxed);
    do
        task->next = newest;
    while (!atomic_compare_exchange_weak(&queue->newest, &newest, task));
    /* The thread that posts the first task wakes the loop, which also runs the tasks posted after
     * it. */
    if (!newest)
        (void)eventfd_write(queue->wake_fd, 1);
}
