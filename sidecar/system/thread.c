/* SPDX-License-Identifier: MIT */
#include "system/thread.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

#include "base/banned.h"

void thread_block_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

bool thread_start(struct thread *thread, const char *name, void *(*run)(void *context),
                  void *context, struct status *status)
{
    sigset_t before;
    /* A thread inherits its creator's mask, so that it never runs with signals unblocked. */
    thread_block_signals(&before);
    errno = pthread_create(&thread->id, NULL, run, context);
    thread->is_started = errno == 0;
    if (!thread->is_started)
        status_set(status, STATUS_INTERNAL, "start the thread \"%s\": %m", name);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (thread->is_started)
        pthread_setname_np(thread->id, name);
    return thread->is_started;
}

void thread_join(struct thread *thread)
{
    if (thread->is_started)
        pthread_join(thread->id, NULL);
    thread->is_started = false;
}

void thread_join_within(struct thread *thread, int64_t patience_ns)
{
    struct timespec until;
    if (!thread->is_started)
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t until_ns = until.tv_nsec + patience_ns;
    until.tv_sec += until_ns / CLOCK_NS_PER_S;
    until.tv_nsec = until_ns % CLOCK_NS_PER_S;
    if (pthread_timedjoin_np(thread->id, NULL, &until) != 0)
        pthread_detach(thread->id);
    thread->is_started = false;
}
