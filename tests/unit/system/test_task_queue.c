/* SPDX-License-Identifier: MIT */
/* Does a loop run each task of several threads once and in the order of its thread, also those that
 * are posted again, while it falls asleep and wakes up all the time? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>

#include "system/task_queue.h"

#include "base/banned.h"

#define THREADS 4
#define ROUNDS 10000

/* One task, which its thread posts again as soon as it has run: the loop is often asleep. */
struct poster {
    struct task task;
    struct task_queue *queue;
    sem_t has_run;
    unsigned written, seen; /* plain members, which the queue has to hand over */
};

struct trial {
    struct event_base *loop;
    struct task_queue queue;
    struct poster posters[THREADS];
    unsigned done;
};

static struct trial trial;

static void on_run(struct task *task)
{
    struct poster *poster = container_of(task, struct poster, task);
    assert_int_equal(poster->written, poster->seen + 1);
    poster->seen = poster->written;
    if (poster->seen == ROUNDS && ++trial.done == THREADS)
        event_base_loopbreak(trial.loop);
    sem_post(&poster->has_run);
}

static void *post_all(void *context)
{
    struct poster *poster = context;
    for (unsigned i = 0; i < ROUNDS; i++) {
        poster->written++;
        task_queue_post(poster->queue, &poster->task);
        while (sem_wait(&poster->has_run) != 0) {
        }
    }
    return NULL;
}

static void each_post_of_several_threads_is_run_once_and_sees_what_was_written_before(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    trial.loop = event_base_new();
    assert_non_null(trial.loop);
    assert_true(task_queue_init(&trial.queue, trial.loop));
    for (size_t i = 0; i < THREADS; i++) {
        trial.posters[i] = (struct poster){.task.run = on_run, .queue = &trial.queue};
        sem_init(&trial.posters[i].has_run, 0, 0);
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &trial.posters[i]), 0);
    }
    event_base_dispatch(trial.loop);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sem_destroy(&trial.posters[i].has_run);
        assert_int_equal(trial.posters[i].seen, ROUNDS);
    }
    task_queue_clear(&trial.queue);
    event_base_free(trial.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_post_of_several_threads_is_run_once_and_sees_what_was_written_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
