/* SPDX-License-Identifier: MIT */
#include "system/file_watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/memory.h"
#include "system/path_folders.h"

#include "base/banned.h"

const struct file_watch_pace file_watch_default_pace = {
    .after_change = {.tv_usec = 20000},
    .while_watching = {.tv_sec = 30},
    .while_blind = {.tv_sec = 1},
};

/* More folders than a path of links has, unless it is made for that. */
#define MOST_MARKS 16

/* Folders that inotify watches. */
struct marks {
    int list[MOST_MARKS];
    size_t count;
    bool is_whole; /* no folder is missing */
};

struct file_watch {
    struct file_watch_plan plan;
    int inotify; /* -1: none */
    struct marks marks;
    struct event *changed, *due;
    bool has_changed; /* `due` comes soon */
};

static bool has_mark(const struct marks *marks, int mark)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->list[i] == mark)
            return true;
    return false;
}

/* Changes nothing for a folder that is watched already. */
static void mark_folder(const char *folder, void *context)
{
    struct file_watch *watch = context;
    struct marks *marks = &watch->marks;
    int mark = inotify_add_watch(watch->inotify, folder,
                                 IN_CLOSE_WRITE | IN_MOVE | IN_CREATE | IN_DELETE | IN_ATTRIB |
                                     IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
    if (has_mark(marks, mark))
        return;
    if (mark < 0 || marks->count == MOST_MARKS)
        marks->is_whole = false;
    else
        marks->list[marks->count++] = mark;
}

/* Watches the folders that the paths lead through now, which may be others than before. */
static void mark_folders(struct file_watch *watch)
{
    const struct marks last = watch->marks;
    watch->marks = (struct marks){.is_whole = true};
    for (size_t i = 0; i < watch->plan.path_count; i++)
        if (watch->plan.paths[i])
            path_folders_visit(watch->plan.paths[i], mark_folder, watch);
    for (size_t i = 0; i < last.count; i++)
        if (!has_mark(&watch->marks, last.list[i]))
            inotify_rm_watch(watch->inotify, last.list[i]);
}

static bool schedule_next(struct file_watch *watch)
{
    const struct file_watch_pace *pace = watch->plan.pace;
    return event_add(watch->due,
                     watch->marks.is_whole ? &pace->while_watching : &pace->while_blind) == 0;
}

static void on_due(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct file_watch *watch = context;
    watch->has_changed = false;
    /* Before the callback reads the files, so that no later change is missed. */
    mark_folders(watch);
    (void)schedule_next(watch);
    watch->plan.may_have_changed(watch->plan.context);
}

/* The events are not looked at, because the files themselves show whether they have changed. */
static void on_changed(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct file_watch *watch = context;
    char events[4096];
    while (read(fd, events, sizeof events) > 0)
        continue;
    if (watch->has_changed)
        return;
    watch->has_changed = true;
    event_add(watch->due, &watch->plan.pace->after_change);
}

bool file_watch_open(const struct file_watch_plan *plan, struct event_base *loop,
                     struct file_watch **watch, struct status *status)
{
    struct file_watch *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct file_watch){.plan = *plan, .inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    made->due = memory_expect(evtimer_new(loop, on_due, made));
    if (made->inotify >= 0)
        made->changed =
            memory_expect(event_new(loop, made->inotify, EV_READ | EV_PERSIST, on_changed, made));
    mark_folders(made);
    if (!schedule_next(made) || (made->changed && event_add(made->changed, NULL) != 0)) {
        file_watch_free(made);
        return status_fail(status, STATUS_INTERNAL, "watch files: the event loop refuses");
    }
    *watch = made;
    return true;
}

void file_watch_free(struct file_watch *watch)
{
    if (!watch)
        return;
    if (watch->changed)
        event_free(watch->changed);
    event_free(watch->due);
    if (watch->inotify >= 0)
        close(watch->inotify);
    free(watch);
}
