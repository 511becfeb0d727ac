/* SPDX-License-Identifier: MIT */
#include "system/file_watch.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/memory.h"

#include "base/banned.h"

const struct file_watch_pace file_watch_usual_pace = {
    .after_a_change = {.tv_usec = 20000},
    .while_watching = {.tv_sec = 30},
    .while_blind = {.tv_sec = 1},
};

struct file_watch {
    const struct file_watch_pace *pace;
    char *folder;
    int inotify, mark; /* -1: none */
    struct event *changed, *due;
    bool expecting; /* a look soon after a change */
    void (*look)(void *context);
    void *context;
};

/* The path may lead to another folder by now; for the same one this changes nothing. */
static void mark_folder(struct file_watch *watch)
{
    int mark = inotify_add_watch(watch->inotify, watch->folder,
                                 IN_CLOSE_WRITE | IN_MOVE | IN_CREATE | IN_DELETE | IN_ATTRIB |
                                     IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
    if (watch->mark >= 0 && watch->mark != mark)
        inotify_rm_watch(watch->inotify, watch->mark);
    watch->mark = mark;
}

static bool expect_next(struct file_watch *watch)
{
    const struct file_watch_pace *pace = watch->pace;
    return event_add(watch->due, watch->mark >= 0 ? &pace->while_watching : &pace->while_blind) ==
           0;
}

static void on_due(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct file_watch *watch = context;
    watch->expecting = false;
    /* First, so that no change between the two is missed. */
    mark_folder(watch);
    (void)expect_next(watch);
    watch->look(watch->context);
}

/* What happened is of no interest: whether it matters shows in the file. */
static void on_changed(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct file_watch *watch = context;
    char events[4096];
    while (read(fd, events, sizeof events) > 0)
        continue;
    if (watch->expecting)
        return;
    watch->expecting = true;
    event_add(watch->due, &watch->pace->after_a_change);
}

static char *folder_of(const char *path)
{
    char *copy = memory_expect(strdup(path));
    char *folder = memory_expect(strdup(dirname(copy)));
    free(copy);
    return folder;
}

bool file_watch_open(const char *path, const struct file_watch_pace *pace, struct event_base *loop,
                     void (*look)(void *context), void *context, struct file_watch **watch,
                     struct status *status)
{
    struct file_watch *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct file_watch){.pace = pace,
                                .folder = folder_of(path),
                                .inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
                                .mark = -1,
                                .look = look,
                                .context = context};
    made->due = memory_expect(evtimer_new(loop, on_due, made));
    if (made->inotify >= 0)
        made->changed =
            memory_expect(event_new(loop, made->inotify, EV_READ | EV_PERSIST, on_changed, made));
    mark_folder(made);
    if (!expect_next(made) || (made->changed && event_add(made->changed, NULL) != 0)) {
        file_watch_free(made);
        return status_fail(status, STATUS_INTERNAL, "watch %s: the event loop refuses", path);
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
    free(watch->folder);
    free(watch);
}
