/* SPDX-License-Identifier: MIT */
/*
 * Threads of the program. They block all signals, because signals are handled by the main thread,
 * and have a name, which `top -H` and debuggers show. The thread that starts one joins it.
 */
#pragma once

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct thread {
    pthread_t id;
    bool is_started;
};

/* Blocks all signals of this thread, and so of those that it or a library starts from now on.
 * `before` is for pthread_sigmask. */
void thread_block_signals(sigset_t *before);

/* `name` has at most 15 bytes. INTERNAL, naming the thread, when the system starts none. */
must_use bool thread_start(struct thread *thread, const char *name, void *(*run)(void *context),
                           void *context, struct status *status);

/* Waits until the thread has ended. Does nothing for one that was not started. */
void thread_join(struct thread *thread);

/* The same for at most `patience_ns`; a thread that has not ended by then is left to the end of the
 * process. */
void thread_join_within(struct thread *thread, int64_t patience_ns);
