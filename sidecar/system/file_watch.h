/* SPDX-License-Identifier: MIT */
/*
 * Reports when files should be looked at again: soon after anything happened in the folder of one
 * or in that of a symbolic link on the way to it (a rewrite in place, another file moved over it,
 * kubelet's swap of ..data, removal), and otherwise from time to time, since not every file system
 * reports changes. A folder that is not there is waited for. The event loop's thread.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "base/status.h"

struct file_watch;

/* How long until the next look. */
struct file_watch_pace {
    struct timeval
        after_a_change; /* they come in bursts, and a file is made before it is written */
    struct timeval while_watching, while_blind; /* without a change; blind: the system tells none */
};

/* 20 ms, 30 s and 1 s. */
extern const struct file_watch_pace file_watch_usual_pace;

/* What is watched, and what is called then. Paths and pace outlive the watch. */
struct file_watch_plan {
    const char *const *paths; /* looked at together; NULL: not given */
    size_t path_count;
    const struct file_watch_pace *pace;
    void (*look)(void *context);
    void *context;
};

/*
 * Calls `look` from `loop` from now on; the caller sees changes before that by looking once after
 * this. INTERNAL when the loop refuses. Without inotify, whose instances may have run out, it is
 * blind.
 */
must_use bool file_watch_open(const struct file_watch_plan *plan, struct event_base *loop,
                              struct file_watch **watch, struct status *status);
void file_watch_free(struct file_watch *watch); /* NULL is allowed */
