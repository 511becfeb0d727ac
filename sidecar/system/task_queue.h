/* SPDX-License-Identifier: MIT */
/*
 * Letters to an event loop: any thread posts, the loop's thread is woken and opens them in the
 * order in which they were posted. A letter is part of what it is about, so that posting allocates
 * nothing.
 */
#pragma once

#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"

struct inbox_letter {
    struct inbox_letter *next;
    void (*run)(struct inbox_letter *letter); /* on the loop's thread */
};

struct inbox {
    _Atomic(struct inbox_letter *) newest;
    int wake_fd;
    struct event *wake;
};

/* False when the kernel has no descriptor left. Loop's thread, or before it runs. */
must_use bool inbox_init(struct inbox *inbox, struct event_base *loop);
void inbox_clear(struct inbox *inbox);

/* Any thread. A letter may be posted again once it has been opened. */
void inbox_post(struct inbox *inbox, struct inbox_letter *letter);
