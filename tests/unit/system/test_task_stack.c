/* SPDX-License-Identifier: MIT */
/* Are tasks of several threads all run, each once and in the order of its thread, and is the
 * thread that runs them woken whenever it has to be? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>

#include "system/task_stack.h"

#include "base/banned.h"

#define TASKS 20000
#define THREADS 4

struct numbered {
    struct task task;
    size_t thread, number;
};

static size_t run_count, next_number[THREADS];

static void check_order(struct task *task)
{
    const struct numbered *numbered = container_of(task, struct numbered, task);
    assert_int_equal(numbered->number, next_number[numbered->thread]);
    next_number[numbered->thread]++;
    run_count++;
}

static void begin(void)
{
    run_count = 0;
    for (size_t i = 0; i < THREADS; i++)
        next_number[i] = 0;
}

static void only_the_first_task_needs_a_wake_up(void **state)
{
    (void)state;
    struct task_stack stack = {NULL};
    struct numbered tasks[] = {{{NULL, check_order}, 0, 0}, {{NULL, check_order}, 0, 1}};
    begin();
    assert_true(task_stack_push(&stack, &tasks[0].task));
    assert_false(task_stack_push(&stack, &tasks[1].task));
    task_stack_run(&stack);
    assert_int_equal(run_count, 2);
    tasks[0].number = 2;
    assert_true(task_stack_push(&stack, &tasks[0].task));
    task_stack_run(&stack);
    assert_int_equal(run_count, 3);
}

static void running_an_empty_stack_does_nothing(void **state)
{
    (void)state;
    struct task_stack stack = {NULL};
    begin();
    task_stack_run(&stack);
    assert_int_equal(run_count, 0);
}

struct pusher {
    struct task_stack *stack;
    sem_t *wake_ups;
    struct numbered tasks[TASKS];
};

static void *push_all(void *context)
{
    struct pusher *pusher = context;
    for (size_t i = 0; i < TASKS; i++)
        if (task_stack_push(pusher->stack, &pusher->tasks[i].task))
            sem_post(pusher->wake_ups);
    return NULL;
}

static void number_tasks(struct pusher *pusher, size_t thread)
{
    for (size_t i = 0; i < TASKS; i++)
        pusher->tasks[i] = (struct numbered){{NULL, check_order}, thread, i};
}

static void no_task_of_several_threads_is_lost_or_run_twice(void **state)
{
    (void)state;
    static struct pusher pushers[THREADS];
    struct task_stack stack = {NULL};
    pthread_t threads[THREADS];
    sem_t wake_ups;
    begin();
    sem_init(&wake_ups, 0, 0);
    for (size_t i = 0; i < THREADS; i++) {
        pushers[i].stack = &stack;
        pushers[i].wake_ups = &wake_ups;
        number_tasks(&pushers[i], i);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, push_all, &pushers[i]), 0);
    while (run_count < (size_t)THREADS * TASKS)
        if (sem_wait(&wake_ups) == 0)
            task_stack_run(&stack);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    sem_destroy(&wake_ups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_first_task_needs_a_wake_up),
        cmocka_unit_test(running_an_empty_stack_does_nothing),
        cmocka_unit_test(no_task_of_several_threads_is_lost_or_run_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
