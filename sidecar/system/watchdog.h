/* SPDX-License-Identifier: MIT */
/*
 * Liveness of threads. A thread that has to keep running is registered by its owner; the watchdog
 * sends it a ping in each round, and one that has left its ping unanswered for several rounds
 * counts as stuck. Rounds are counted rather than seconds, so that a process that was stopped as a
 * whole does not count as stuck. Thread: the main thread, but for watchdog_pong.
 */
#pragma once

#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/text.h"

struct watchdog;

/* A registered thread; a member of the thread's owner. */
struct watched_thread {
    TAILQ_ENTRY(watched_thread) place;
    struct watchdog *watchdog; /* NULL: not registered */
    const char *name;
    size_t number; /* distinguishes threads of one name */
    /* Makes the thread call watchdog_pong from its own loop soon. */
    void (*ping)(struct watched_thread *thread);
    atomic_bool awaits_pong, shall_trim;
    unsigned missed_rounds;
};

/* Rounds are counted from `loop`. */
struct watchdog *watchdog_new(struct event_base *loop, int64_t round_ns);

/* NULL is allowed; no thread may be registered any more. */
void watchdog_free(struct watchdog *watchdog);

/* Runs a function in each round, on the main thread. At most one. */
void watchdog_on_round(struct watchdog *watchdog, void (*run)(void *context), void *context);

/* Registers a thread whose `name`, `number` and `ping` are set. Without a watchdog (NULL) it does
 * nothing. */
void watchdog_add(struct watchdog *watchdog, struct watched_thread *thread);

/* Sends no more pings to the thread, which may still respond to the last one. Does nothing for one
 * that is not registered. */
void watchdog_remove(struct watched_thread *thread);

/* Responds to a ping. The thread that was pinged. */
void watchdog_pong(struct watched_thread *thread);

/* Makes each thread give freed memory back to the kernel with its next response. NULL is allowed.
 */
void watchdog_trim_memory(struct watchdog *watchdog);

/* Returns whether no thread is stuck, and writes how many are not, the main thread included:
 * "3 of 3 threads responsive". */
bool watchdog_all_responsive(const struct watchdog *watchdog, struct buffer *out);
