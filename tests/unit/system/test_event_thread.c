/* SPDX-License-Identifier: MIT */
/* Does a thread with an event loop run what others post to it, answer pings, and end when it is
 * stopped? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "system/event_thread.h"

#include "base/banned.h"

#define ROUND_NS CLOCK_NS_PER_MS

struct trial {
    struct event_thread thread;
    struct task probe;
    sem_t probed;
    atomic_uint batches;
    bool is_other_thread, blocks_signals;
    char name[16];
    pthread_t owner;
};

static void on_probe(struct task *task)
{
    struct trial *trial = container_of(task, struct trial, probe);
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    trial->blocks_signals = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGINT);
    trial->is_other_thread = !pthread_equal(pthread_self(), trial->owner);
    pthread_getname_np(pthread_self(), trial->name, sizeof trial->name);
    sem_post(&trial->probed);
}

static void after_events(void *context)
{
    struct trial *trial = context;
    atomic_fetch_add(&trial->batches, 1);
}

static void begin(struct trial *trial, struct watchdog *watchdog)
{
    struct status status;
    *trial = (struct trial){.owner = pthread_self()};
    const struct event_thread_work work = {
        .name = "trial", .after_events = after_events, .context = trial, .watchdog = watchdog};
    sem_init(&trial->probed, 0, 0);
    trial->probe.run = on_probe;
    assert_true(event_thread_prepare(&trial->thread, &status));
    assert_true(event_thread_start(&trial->thread, &work, &status));
}

static void end(struct trial *trial)
{
    event_thread_stop(&trial->thread);
    event_thread_clear(&trial->thread);
    sem_destroy(&trial->probed);
}

static void probe(struct trial *trial)
{
    task_queue_post(&trial->thread.tasks, &trial->probe);
    while (sem_wait(&trial->probed) != 0)
        ;
}

static void a_task_runs_on_the_thread_which_has_a_name_and_blocks_signals(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, NULL);
    probe(&trial);
    assert_true(trial.is_other_thread);
    assert_true(trial.blocks_signals);
    assert_string_equal(trial.name, "trial");
    end(&trial);
}

static void starting_a_thread_leaves_the_signals_of_its_owner_unblocked(void **state)
{
    (void)state;
    struct trial trial;
    sigset_t mask;
    sigemptyset(&mask);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    begin(&trial, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGTERM));
    end(&trial);
}

static void each_batch_of_events_is_followed_by_the_function_for_it(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, NULL);
    for (unsigned i = 0; i < 3; i++)
        probe(&trial);
    event_thread_stop(&trial.thread);
    assert_true(atomic_load(&trial.batches) >= 3);
    end(&trial);
}

static void a_task_that_was_posted_before_the_stop_still_runs(void **state)
{
    (void)state;
    struct trial trial;
    int posted;
    begin(&trial, NULL);
    task_queue_post(&trial.thread.tasks, &trial.probe);
    event_thread_stop(&trial.thread);
    sem_getvalue(&trial.probed, &posted);
    assert_int_equal(posted, 1);
    end(&trial);
}

static void a_thread_answers_the_watchdog_until_it_is_stopped(void **state)
{
    (void)state;
    struct trial trial;
    struct event_base *loop = event_base_new();
    struct watchdog *watchdog = watchdog_new(loop, ROUND_NS);
    begin(&trial, watchdog);
    unsigned before = atomic_load(&trial.batches);
    loop_until(loop, atomic_load(&trial.batches) > before + 3);
    assert_int_equal(trial.thread.watched.missed_rounds, 0);
    end(&trial);
    watchdog_free(watchdog);
    event_base_free(loop);
}

/* A loop whose descriptor is gone cannot wait any more. Looks at most at as many descriptors as the
 * test has. */
static void close_epoll(void)
{
    for (int fd = 0; fd < 64; fd++) {
        char link[64] = "", path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, link, sizeof link - 1) > 0 && strstr(link, "[eventpoll]"))
            close(fd);
    }
}

static void fail_in_loop(int stderr_fd)
{
    struct trial trial;
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGABRT, SIG_DFL);
    dup2(stderr_fd, STDERR_FILENO);
    alarm(20);
    begin(&trial, NULL);
    probe(&trial);
    close_epoll();
    task_queue_post(&trial.thread.tasks, &trial.probe);
    event_thread_join(&trial.thread);
}

static void a_loop_that_fails_is_reported_and_ends_the_process(void **state)
{
    (void)state;
    int ends[2], end;
    char report[512] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        fail_in_loop(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_true(read(ends[0], report, sizeof report - 1) > 0);
    assert_true(WIFSIGNALED(end));
    assert_int_equal(WTERMSIG(end), SIGABRT);
    assert_non_null(strstr(report, "the event loop of the thread \"trial\" failed"));
    close(ends[0]);
}

static void a_thread_that_was_never_opened_can_be_stopped_and_cleared(void **state)
{
    (void)state;
    struct event_thread thread = {0};
    event_thread_stop(&thread);
    event_thread_clear(&thread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_runs_on_the_thread_which_has_a_name_and_blocks_signals),
        cmocka_unit_test(starting_a_thread_leaves_the_signals_of_its_owner_unblocked),
        cmocka_unit_test(each_batch_of_events_is_followed_by_the_function_for_it),
        cmocka_unit_test(a_task_that_was_posted_before_the_stop_still_runs),
        cmocka_unit_test(a_thread_answers_the_watchdog_until_it_is_stopped),
        cmocka_unit_test(a_loop_that_fails_is_reported_and_ends_the_process),
        cmocka_unit_test(a_thread_that_was_never_opened_can_be_stopped_and_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
