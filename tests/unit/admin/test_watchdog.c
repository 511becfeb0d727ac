/* SPDX-License-Identifier: MIT */
/* Does the watchdog find a thread that hangs, and no other? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>

#include "admin/watchdog.h"
#include "loop.h"

#include "base/banned.h"

#define ROUND_NS CLOCK_NS_PER_MS
#define ARENA_BYTES 4096

/* A thread that answers as often as it is asked, unless somebody holds `way`. */
struct worker {
    pthread_t thread;
    sem_t asked;
    pthread_mutex_t way;
    struct thread_ping *ping;
    atomic_bool is_to_end;
    atomic_uint responses;
};

static void *work(void *context)
{
    struct worker *worker = context;
    for (;;) {
        while (sem_wait(&worker->asked) != 0)
            ;
        if (atomic_load(&worker->is_to_end))
            return NULL;
        pthread_mutex_lock(&worker->way);
        thread_ping_answer(worker->ping);
        pthread_mutex_unlock(&worker->way);
        atomic_fetch_add(&worker->responses, 1);
    }
}

static void ask(void *context, size_t number, struct thread_ping *ping)
{
    struct worker *worker = (struct worker *)context + number;
    worker->ping = ping;
    sem_post(&worker->asked);
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
        sem_init(&worker->asked, 0, 0);
        pthread_mutex_init(&worker->way, NULL);
        assert_int_equal(pthread_create(&worker->thread, NULL, work, worker), 0);
        watchdog_add(trial->watchdog, "worker", ask, trial->workers, i);
    }
}

static void end(struct trial *trial)
{
    watchdog_stop(trial->watchdog);
    for (size_t i = 0; i < WORKERS; i++) {
        atomic_store(&trial->workers[i].is_to_end, true);
        sem_post(&trial->workers[i].asked);
        pthread_join(trial->workers[i].thread, NULL);
        pthread_mutex_destroy(&trial->workers[i].way);
        sem_destroy(&trial->workers[i].asked);
    }
    watchdog_free(trial->watchdog);
    event_base_free(trial->loop);
}

static bool tells(const struct trial *trial, bool regular, const char *expected)
{
    struct arena arena;
    struct buffer why;
    arena_init(&arena, ARENA_BYTES);
    buffer_init(&why, &arena, 0);
    bool good = watchdog_all_alive(trial->watchdog, &why);
    bool told = text_equal(buffer_text(&why), text_of(expected));
    arena_clear(&arena);
    return good == regular && told;
}

static void threads_that_turn_are_asked_again_and_again(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    assert_true(tells(&trial, true, "4 turn"));
    for (size_t i = 0; i < WORKERS; i++)
        loop_until(trial.loop, atomic_load(&trial.workers[i].responses) > 10);
    loop_until(trial.loop, tells(&trial, true, "4 turn"));
    end(&trial);
}

static void a_thread_that_hangs_is_named_until_it_turns_again(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    pthread_mutex_lock(&trial.workers[1].way);
    loop_until(trial.loop, tells(&trial, false, "no answer from worker 1"));
    unsigned seen = atomic_load(&trial.workers[2].responses);
    loop_until(trial.loop, atomic_load(&trial.workers[2].responses) > seen + 10);
    loop_until(trial.loop, tells(&trial, false, "no answer from worker 1"));
    pthread_mutex_unlock(&trial.workers[1].way);
    loop_until(trial.loop, tells(&trial, true, "4 turn"));
    end(&trial);
}

static void all_that_hang_are_named(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_mutex_lock(&trial.workers[i].way);
    loop_until(trial.loop, tells(&trial, false, "no answer from worker 0, worker 1, worker 2"));
    for (size_t i = 0; i < WORKERS; i++)
        pthread_mutex_unlock(&trial.workers[i].way);
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_turn_are_asked_again_and_again),
        cmocka_unit_test(a_thread_that_hangs_is_named_until_it_turns_again),
        cmocka_unit_test(all_that_hang_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
