/* SPDX-License-Identifier: MIT */
#include "system/task_stack.h"

#include <stddef.h>

#include "base/banned.h"

bool task_stack_push(struct task_stack *stack, struct task *task)
{
    /* Relaxed, because a stale value only makes the exchange try again. */
    struct task *newest = atomic_load_explicit(&stack->newest, memory_order_relaxed);
    do
        task->next = newest;
    while (!atomic_compare_exchange_weak(&stack->newest, &newest, task));
    return !newest;
}

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

void task_stack_run(struct task_stack *stack)
{
    struct task *task = oldest_first(atomic_exchange(&stack->newest, NULL));
    for (struct task *next; task; task = next) {
        next = task->next;
        task->run(task);
    }
}
