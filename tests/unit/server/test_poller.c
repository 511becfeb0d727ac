/* SPDX-License-Identifier: MIT */
/* On which thread, in which order and with how many wake-ups does the poller run what other threads
 * hand over? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>

#include "loop.h"
#include "server/poller.h"

#include "base/banned.h"

#define TASKS 3

struct trial {
    struct poller *poller;
    struct task tasks[TASKS], nested;
    struct task *ran[TASKS + 1];
    size_t count;
    pthread_t ran_on, owner;
    sem_t done;
};

static struct trial trial;

static void record(struct task *task)
{
    trial.ran[trial.count++] = task;
    trial.ran_on = pthread_self();
    if (trial.count == TASKS)
        sem_post(&trial.done);
}

static int setup(void **state)
{
    (void)state;
    grpc_init();
    trial = (struct trial){.poller = poller_new(), .owner = pthread_self()};
    sem_init(&trial.done, 0, 0);
    for (size_t i = 0; i < TASKS; i++)
        trial.tasks[i].run = record;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    poller_stop(trial.poller);
    poller_free(trial.poller);
    sem_destroy(&trial.done);
    grpc_shutdown();
    return 0;
}

static void *hand_over_all(void *context)
{
    (void)context;
    for (size_t i = 0; i < TASKS; i++)
        poller_run(trial.poller, &trial.tasks[i]);
    return NULL;
}

static void hand_over_from_another_thread(void)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, hand_over_all, NULL), 0);
    pthread_join(thread, NULL);
}

static void one_event_serves_all_tasks_that_wait(void **state)
{
    (void)state;
    hand_over_from_another_thread();
    assert_int_equal(trial.count, 0);
    poller_handle_event(trial.poller);
    assert_int_equal(trial.count, TASKS);
    for (size_t i = 0; i < TASKS; i++)
        assert_ptr_equal(trial.ran[i], &trial.tasks[i]);
}

static void tasks_of_other_threads_run_on_the_pollers(void **state)
{
    (void)state;
    struct status status;
    assert_true(poller_start(trial.poller, NULL, &status));
    hand_over_all(NULL);
    while (sem_wait(&trial.done) != 0)
        ;
    assert_false(pthread_equal(trial.ran_on, pthread_self()));
}

static void hand_over_nested(struct task *task)
{
    (void)task;
    poller_run(trial.poller, &trial.tasks[0]);
    assert_int_equal(trial.count, 1);
}

static void a_task_of_the_pollers_own_thread_runs_at_once(void **state)
{
    (void)state;
    trial.nested.run = hand_over_nested;
    poller_run(trial.poller, &trial.nested);
    assert_int_equal(trial.count, 0);
    poller_handle_event(trial.poller);
    assert_int_equal(trial.count, 1);
}

static void tasks_that_wait_are_run_before_the_poller_stops(void **state)
{
    (void)state;
    hand_over_from_another_thread();
    poller_stop(trial.poller);
    assert_int_equal(trial.count, TASKS);
    poller_free(trial.poller);
    trial.poller = poller_new();
}

static void count_round(void *context)
{
    atomic_fetch_add((atomic_uint *)context, !pthread_equal(trial.owner, pthread_self()));
}

static void each_round_of_the_watchdog_runs_a_function_on_the_pollers_thread(void **state)
{
    (void)state;
    struct status status;
    atomic_uint rounds = 0;
    struct event_base *loop = event_base_new();
    struct watchdog *watchdog = watchdog_new(loop, CLOCK_NS_PER_MS);
    poller_on_round(trial.poller, count_round, &rounds);
    assert_true(poller_start(trial.poller, watchdog, &status));
    loop_until(loop, atomic_load(&rounds) > 2);
    poller_stop(trial.poller);
    watchdog_free(watchdog);
    event_base_free(loop);
    poller_free(trial.poller);
    trial.poller = poller_new();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_event_serves_all_tasks_that_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(tasks_of_other_threads_run_on_the_pollers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_task_of_the_pollers_own_thread_runs_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(tasks_that_wait_are_run_before_the_poller_stops, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            each_round_of_the_watchdog_runs_a_function_on_the_pollers_thread, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
