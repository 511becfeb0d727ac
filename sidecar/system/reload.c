/* SPDX-License-Identifier: MIT */
#include "system/reload.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "system/file.h"
#include "system/file_watch.h"

#include "base/banned.h"

#define SUMMARY_MEMORY 4096

struct reload {
    struct reload_source source;
    struct reload_listener listener;
    struct file_watch *watch;
    struct reload *next; /* of its group */

    pthread_mutex_t lock;                          /* of what follows */
    struct file_identity identities[RELOAD_FILES]; /* of the files, before the last load */
    char problem[STATUS_MESSAGE_BYTES];            /* as it was reported; empty: there is none */
    bool has_loaded;
    bool reports_always; /* also what is as before */
    int64_t loaded_ns;   /* when reload_now loaded last, of clock_now_ns; 0: never */
};

static void report(const struct reload *reload, enum reload_result result, struct text message)
{
    if (reload->listener.report)
        reload->listener.report(result, message, reload->listener.context);
}

static void reject(struct reload *reload, const struct status *problem)
{
    struct status message = *problem;
    if (!reload->reports_always && strcmp(reload->problem, problem->message) == 0)
        return;
    memcpy(reload->problem, problem->message, sizeof reload->problem);
    status_prepend(&message, reload->has_loaded ? "what was loaded before stays in use"
                                                : "nothing is loaded");
    report(reload, RELOAD_REJECTED, text_of(message.message));
}

static void accept_content(struct reload *reload, bool changed, struct text summary)
{
    bool is_new = changed || !reload->has_loaded || reload->problem[0] != '\0';
    bool is_reported = is_new || reload->reports_always;
    reload->has_loaded = true;
    reload->problem[0] = '\0';
    if (is_reported)
        report(reload, RELOAD_LOADED, summary);
}

/* Before the files are read, so that a change while they are is found as well. */
static void note_identities(struct reload *reload)
{
    for (size_t i = 0; i < RELOAD_FILES; i++)
        if (reload->source.paths[i])
            reload->identities[i] = file_identify(reload->source.paths[i]);
}

static bool load(struct reload *reload, struct status *status)
{
    struct arena arena;
    struct buffer summary;
    bool changed = false;
    arena_init(&arena, SUMMARY_MEMORY);
    buffer_init(&summary, &arena, 0);
    note_identities(reload);
    bool good = reload->source.load(reload->source.context, &changed, &summary, status);
    if (good)
        accept_content(reload, changed, buffer_text(&summary));
    arena_clear(&arena);
    return good;
}

static void load_and_report(struct reload *reload)
{
    struct status status;
    if (!load(reload, &status))
        reject(reload, &status);
}

static void on_change(void *context)
{
    struct reload *reload = context;
    pthread_mutex_lock(&reload->lock);
    load_and_report(reload);
    pthread_mutex_unlock(&reload->lock);
}

static bool watch_files(struct reload *reload, struct status *status)
{
    const struct file_watch_plan plan = {reload->source.paths, RELOAD_FILES,
                                         &file_watch_default_pace, on_change, reload};
    return !reload->listener.loop ||
           file_watch_open(&plan, reload->listener.loop, &reload->watch, status);
}

static bool load_first(struct reload *reload, struct status *status)
{
    if (reload->source.is_required)
        return load(reload, status);
    load_and_report(reload);
    return true;
}

static void join_group(struct reload *reload)
{
    struct reload_group *group = reload->listener.group;
    if (!group)
        return;
    reload->next = group->first;
    group->first = reload;
}

static void leave_group(struct reload *reload)
{
    if (!reload->listener.group)
        return;
    for (struct reload **at = &reload->listener.group->first; *at; at = &(*at)->next) {
        if (*at == reload) {
            *at = reload->next;
            return;
        }
    }
}

bool reload_open(const struct reload_source *source, const struct reload_listener *listener,
                 struct reload **reload, struct status *status)
{
    struct reload *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct reload){.source = *source, .listener = *listener};
    pthread_mutex_init(&made->lock, NULL);
    /* Watching first, so that no change between the two is missed. */
    if (!watch_files(made, status) || !load_first(made, status)) {
        reload_free(made);
        return false;
    }
    join_group(made);
    *reload = made;
    return true;
}

void reload_free(struct reload *reload)
{
    if (!reload)
        return;
    leave_group(reload);
    file_watch_free(reload->watch);
    pthread_mutex_destroy(&reload->lock);
    free(reload);
}

static bool has_changed(const struct reload *reload)
{
    for (size_t i = 0; i < RELOAD_FILES; i++) {
        if (!reload->source.paths[i])
            continue;
        struct file_identity identity = file_identify(reload->source.paths[i]);
        if (!file_identity_equal(&identity, &reload->identities[i]))
            return true;
    }
    return false;
}

/* A file's times are too coarse to show each change, so that files that look the same are loaded as
 * well, but less often. */
void reload_now(struct reload *reload, int64_t pause_ns)
{
    pthread_mutex_lock(&reload->lock);
    int64_t now_ns = clock_now_ns();
    bool is_paused = reload->loaded_ns && now_ns - reload->loaded_ns < pause_ns;
    if (!is_paused || has_changed(reload)) {
        reload->loaded_ns = now_ns;
        load_and_report(reload);
    }
    pthread_mutex_unlock(&reload->lock);
}

void reload_all(struct reload_group *group)
{
    for (struct reload *reload = group->first; reload; reload = reload->next) {
        pthread_mutex_lock(&reload->lock);
        reload->reports_always = true;
        load_and_report(reload);
        reload->reports_always = false;
        pthread_mutex_unlock(&reload->lock);
    }
    if (group->asked)
        group->asked(group->context);
}
