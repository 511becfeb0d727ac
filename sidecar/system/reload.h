/* SPDX-License-Identifier: MIT */
/*
 * A group of files that are used together, such as a certificate and its key: they are loaded at
 * the start, and again whenever one of them may have changed. Each new content and each new problem
 * is reported once. The owner of what is loaded owns this as well. Threads: the loop's thread opens
 * and frees; other functions may be called from any thread, and one load runs at a time.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

#define RELOAD_FILES 3

/* Content that is as before, and a problem that was reported before, are not reported. */
enum reload_result {
    RELOAD_LOADED,   /* new content is in use, or the same again after a problem */
    RELOAD_REJECTED, /* the files cannot be used; what was loaded before stays in use */
};

struct reload;

/* Reloads that can be asked for together; all zero when there is none. The loop's thread. */
struct reload_group {
    struct reload *first;
    void (*asked)(void *context); /* of another one that uses files, asked as well; NULL: none */
    void *context;
};

/* Where files are watched and results go. */
struct reload_listener {
    struct event_base *loop; /* NULL: files are not watched */
    /* On the thread that loaded, in order; it must not load. NULL is allowed. */
    void (*report)(enum reload_result result, struct text message, void *context);
    void *context;
    struct reload_group *group; /* NULL is allowed; it outlives the reload */
};

struct reload_source {
    const char *paths[RELOAD_FILES]; /* they outlive the reload; NULL: not given */
    /*
     * Reads the files and puts their content in use. Sets `changed` to whether it differs from what
     * was in use, and describes it in `summary` for people; neither that nor the status may have a
     * secret in it. False, with `status` filled, when the files cannot be used.
     */
    bool (*load)(void *context, bool *changed, struct buffer *summary, struct status *status);
    void *context;
    bool is_required; /* opening fails when the first load does; otherwise that is reported */
};

/* Watches the files and loads them for the first time. The load's status when that is required, or
 * INTERNAL when the loop refuses. */
must_use bool reload_open(const struct reload_source *source,
                          const struct reload_listener *listener, struct reload **reload,
                          struct status *status);

void reload_free(struct reload *reload); /* NULL is allowed */

/* Loads the files now; waits for a load that is under way. But when this was done less than
 * `pause_ns` ago, only if a file has changed since. */
void reload_now(struct reload *reload, int64_t pause_ns);

/* Loads the files of all the group's reloads now, and reports each result, also one that is as
 * before. */
void reload_all(struct reload_group *group);
