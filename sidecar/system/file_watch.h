/* SPDX-License-Identifier: MIT */
/*
 * Reports that files may have changed: soon after any change in the folder of one or in that of a
 * symbolic link on the way to it (a rewrite in place, another file moved over it, kubelet's swap of
 * ..data, removal), and otherwise from time to time, because not every file system reports changes.
 * It waits for a folder that does not exist. The event loop's thread.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "base/status.h"

struct file_watch;

/* Time until `may_have_changed` is called. */
struct file_watch_pace {
    /* After a change; changes come in bursts, and a file is created before it is written. */
    struct timeval after_change;
    struct timeval while_watching; /* without a change */
    struct timeval while_blind;    /* without a change, when the system reports none */
};

/* 20 ms, 30 s and 1 s. */
extern const struct file_watch_pace file_watch_default_pace;

/* The files to watch, and the function to call. Paths and pace outlive the watch. */
struct file_watch_plan {
    const char *const *paths; /* of files that are used together; NULL: not given */
    size_t path_count;
    const struct file_watch_pace *pace;
    void (*may_have_changed)(void *context);
    void *context;
};

/*
 * Calls `may_have_changed` from `loop` from now on. For changes before that, the caller reads the
 * files once after this. INTERNAL when the loop refuses. Without inotify, whose instances may have
 * run out, it is blind.
 */
must_use bool file_watch_open(const struct file_watch_plan *plan, struct event_base *loop,
                              struct file_watch **watch, struct status *status);
void file_watch_free(struct file_watch *watch); /* NULL is allowed */
