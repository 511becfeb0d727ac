/* SPDX-License-Identifier: MIT */
/*
 * Says when a file should be looked at again: soon after anything happened in its folder (a rewrite
 * in place, another file moved over it, kubelet's swap of ..data, removal), and otherwise every 30
 * seconds, since not every file system tells. A folder that is not there is waited for. The event
 * loop's thread.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "base/status.h"

struct file_watch;

/*
 * Calls `look` from `loop` from now on; changes before that are the caller's to see by looking once
 * after this. INTERNAL when the loop refuses. Without inotify, whose instances may have run out, it
 * calls every second.
 */
must_use bool file_watch_open(const char *path, struct event_base *loop,
                              void (*look)(void *context), void *context, struct file_watch **watch,
                              struct status *status);
void file_watch_free(struct file_watch *watch); /* NULL is allowed */
