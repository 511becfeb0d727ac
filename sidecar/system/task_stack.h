/* SPDX-License-Identifier: MIT */
/*
 * Tasks that any thread hands to one other, which takes all of them at once and has to be woken
 * only for the first. A task is a member of the object that it is about, so that pushing allocates
 * nothing.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"

struct task {
    struct task *next;
    void (*run)(struct task *task);
};

/* All zero is empty. */
struct task_stack {
    _Atomic(struct task *) newest;
};

/* Returns whether the stack was empty, so that the thread that runs the tasks has to be woken. The
 * task may be pushed again once it runs. Any thread. */
must_use bool task_stack_push(struct task_stack *stack, struct task *task);

/* Takes all tasks and runs them in the order in which they were pushed. */
void task_stack_run(struct task_stack *stack);
