/* SPDX-License-Identifier: MIT */
/* Does the watchdog report the threads that are stuck, and no others? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>

#include "base/compiler.h"
#include "loop.h"
#include "system/watchdog.h"

#include "base/banned.h"

#define ROUND_NS CLOCK_NS_PER_MS
#define ARENA_BYTES 4096

/* A thread that answers each ping, unless the test holds `gate`. */
struct worker {
    struct watched_thread watched;
    pthread_t thread;
    sem_t pinged;
    pthread_mutex_t gate;
    atomic_bool is_to_end;
    atomic_uint pongs;
};

static void *work(void *context)
{
    struct worker *worker = context;
    for (;;) {
        while (sem_wait(&worker->pinged) != 0)
            ;
        if (atomic_load(&worker->is_to_end))
            return NULL;
        pthread_mutex_lock(&worker->gate);
        watchdog_pong(&worker->watched);
        pthread_mutex_unlock(&worker->gate);
        atomic_fetch_add(&worker->pongs, 1);
    }
}

static void ping(struct watched_thread *watched)
{
    sem_post(&container_of(watched, struct worker, watched)->pinged);
}

#define WORKERS 3

struct trial {
    struct event_base *loop;
    struct watchdog *watchdog;
    struct worker workers[WORKERS];
};

static void begin(struct trial *trial)
{
    *trial = (struct trial){.loop = event_base_new()};
    trial->watchdog = watchdog_new(trial->loop, ROUND_NS);
    for (size_t i = 0; i < WORKERS; i++) {
        struct worker *worker = &trial->workers[i];
        worker->watched.name = "worker";
        worker->watched.number = i;
        worker->watched.ping = ping;
        sem_init(&worker->pinged, 0, 0);
        pthread_mutex_init(&worker->gate, NULL);
        assert_int_equal(pthread_create(&worker->thread, NULL, work, worker), 0);
        watchdog_add(trial->watchdog, &worker->watched);
    }
}

static void end(struct trial *trial)
{
    for (size_t i = 0; i < WORKERS; i++) {
        watchdog_remove(&trial->workers[i].watched);
        atomic_store(&trial->workers[i].is_to_end, true);
        sem_post(&trial->workers[i].pinged);
        pthread_join(trial->workers[i].thread, NULL);
        pthread_mutex_destroy(&trial->workers[i].gate);
        sem_destroy(&trial->workers[i].pinged);
    }
    watchdog_free(trial->watchdog);
    event_base_free(trial->loop);
}

static bool reports(const struct trial *trial, bool responsive, const char *expected)
{
    struct arena arena;
    struct buffer out;
    arena_init(&arena, ARENA_BYTES);
    buffer_init(&out, &arena, 0);
    bool all = watchdog_all_responsive(trial->watchdog, &out);
    bool is_expected = text_equal(buffer_text(&out), text_of(expected));
    arena_clear(&arena);
    return all == responsive && is_expected;
}

static void a_responsive_thread_is_pinged_again_and_again(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    assert_true(reports(&trial, true, "4 of 4 threads responsive"));
    for (size_t i = 0; i < WORKERS; i++)
        loop_until(trial.loop, atomic_load(&trial.workers[i].pongs) > 10);
    loop_until(trial.loop, reports(&trial, true, "4 of 4 threads responsive"));
    end(&trial);
}

static void a_stuck_thread_is_named_until_it_answers_again(void **state)
{
    (void)state;
    static const char stuck[] = "3 of 4 threads responsive; stuck: worker 1";
    struct trial trial;
    begin(&trial);
    pthread_mutex_lock(&trial.workers[1].gate);
    loop_until(trial.loop, reports(&trial, false, stuck));
    unsigned seen = atomic_load(&trial.workers[2].pongs);
    loop_until(trial.loop, atomic_load(&trial.workers[2].pongs) > seen + 10);
    loop_until(trial.loop, reports(&trial, false, stuck));
    pthread_mutex_unlock(&trial.workers[1].gate);
    loop_until(trial.loop, reports(&trial, true, "4 of 4 threads responsive"));
    end(&trial);
}

static void all_stuck_threads_are_named(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_mutex_lock(&trial.workers[i].gate);
    loop_until(
        trial.loop,
        reports(&trial, false, "1 of 4 threads responsive; stuck: worker 0, worker 1, worker 2"));
    for (size_t i = 0; i < WORKERS; i++)
        pthread_mutex_unlock(&trial.workers[i].gate);
    end(&trial);
}

static void a_thread_that_was_removed_does_not_count(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    pthread_mutex_lock(&trial.workers[1].gate);
    loop_until(trial.loop, reports(&trial, false, "3 of 4 threads responsive; stuck: worker 1"));
    watchdog_remove(&trial.workers[1].watched);
    assert_true(reports(&trial, true, "3 of 3 threads responsive"));
    pthread_mutex_unlock(&trial.workers[1].gate);
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_responsive_thread_is_pinged_again_and_again),
        cmocka_unit_test(a_stuck_thread_is_named_until_it_answers_again),
        cmocka_unit_test(all_stuck_threads_are_named),
        cmocka_unit_test(a_thread_that_was_removed_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
