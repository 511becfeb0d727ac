/* SPDX-License-Identifier: MIT */
#include "credential/credential.h"

#include <libgen.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/secret.h"
#include "credential/source_file.h"

#include "base/banned.h"

/* Watches miss what some file systems do not tell. */
static const struct timeval reread_after = {.tv_sec = 30};

/* While the folder does not exist there is nothing to watch. */
static const struct timeval rewatch_after = {.tv_sec = 1};

/* A storm of refusals reads the file a few times a second, not once for each. */
#define REFRESH_NS (200 * CLOCK_NS_PER_MS)

#define ROOM (CREDENTIAL_BYTES + 2)

struct credential_snapshot {
    atomic_uint holders;
    size_t bytes;
    char token[ROOM];
};

struct credential {
    const char *path;
    char *folder;
    credential_listener *listener;
    void *context;
    int inotify, watch; /* -1: none */
    struct event *changed, *reread, *rewatch;
    pthread_mutex_t reading;             /* one at a time, so that what is read last stays */
    pthread_mutex_t lock;                /* of what follows */
    struct credential_snapshot *current; /* NULL: no good token yet */
    char problem[STATUS_MESSAGE_BYTES];  /* the one that was told last */
    int64_t refreshed_ns;
};

static void hold(struct credential_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->holders, 1, memory_order_relaxed);
}

void credential_release(struct credential_snapshot *held)
{
    if (held && atomic_fetch_sub_explicit(&held->holders, 1, memory_order_acq_rel) == 1)
        secret_free(held, sizeof *held);
}

static bool is_same(const struct credential_snapshot *a, const struct credential_snapshot *b)
{
    return a && b && a->bytes == b->bytes && memcmp(a->token, b->token, a->bytes) == 0;
}

static struct credential_snapshot *read_snapshot(const char *path, struct status *status)
{
    struct credential_snapshot *snapshot = secret_alloc(sizeof *snapshot);
    if (!snapshot) {
        status_set(status, STATUS_UNAVAILABLE, "token file %s: no memory left for it", path);
        return NULL;
    }
    atomic_init(&snapshot->holders, 1);
    if (source_file_read(path, snapshot->token, &snapshot->bytes, status))
        return snapshot;
    credential_release(snapshot);
    return NULL;
}

/* What there is to tell, if anything; the same problem is told once. With the lock. */
static bool take_over(struct credential *credential, struct credential_snapshot *read,
                      const struct status *why)
{
    if (!read) {
        bool new_problem = strcmp(credential->problem, why->message) != 0;
        memcpy(credential->problem, why->message, sizeof credential->problem);
        return new_problem;
    }
    bool recovered = credential->problem[0] != '\0';
    credential->problem[0] = '\0';
    if (is_same(read, credential->current)) {
        credential_release(read);
        return recovered;
    }
    credential_release(credential->current);
    credential->current = read;
    return true;
}

static void reread(struct credential *credential)
{
    struct status why;
    pthread_mutex_lock(&credential->reading);
    struct credential_snapshot *read = read_snapshot(credential->path, &why);
    size_t bytes = read ? read->bytes : 0;
    pthread_mutex_lock(&credential->lock);
    bool news = take_over(credential, read, &why);
    bool has_good = credential->current;
    pthread_mutex_unlock(&credential->lock);
    pthread_mutex_unlock(&credential->reading);
    if (!news)
        return;
    if (read)
        status_set(&why, STATUS_UNKNOWN, "token file %s: a token of %zu bytes", credential->path,
                   bytes);
    else
        (void)!status_wrap(&why, has_good ? "the last good token stays in use"
                                          : "there is no good token");
    credential->listener(read ? CREDENTIAL_LOADED : CREDENTIAL_REJECTED, why.message,
                         credential->context);
}

/* Watches the folder: the file itself is replaced, and kubelet swaps a link beside it. */
static void watch(struct credential *credential)
{
    credential->watch =
        inotify_add_watch(credential->inotify, credential->folder,
                          IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE |
                              IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR);
    if (credential->watch < 0)
        event_add(credential->rewatch, &rewatch_after);
}

static void on_rewatch(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct credential *credential = context;
    watch(credential);
    if (credential->watch >= 0)
        reread(credential);
}

static void on_changed(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct credential *credential = context;
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool folder_gone = false;
    for (ssize_t got; (got = read(fd, events, sizeof events)) > 0;)
        for (char *at = events; at < events + got;) {
            const struct inotify_event *event = (const struct inotify_event *)at;
            folder_gone = folder_gone || (event->mask & (IN_IGNORED | IN_MOVE_SELF));
            at += sizeof *event + event->len;
        }
    if (folder_gone) {
        inotify_rm_watch(credential->inotify, credential->watch);
        watch(credential);
    }
    reread(credential);
}

static void on_reread(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    reread(context);
}

static char *folder_of(const char *path)
{
    char *copy = memory_expect(strdup(path));
    char *folder = memory_expect(strdup(dirname(copy)));
    free(copy);
    return folder;
}

bool credential_open(const char *token_file, struct event_base *loop, credential_listener *listener,
                     void *context, struct credential **credential, struct status *status)
{
    int inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inotify < 0)
        return status_fail(status, STATUS_INTERNAL, "watch token file %s: %m", token_file);
    struct credential *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct credential){.path = token_file,
                                .folder = folder_of(token_file),
                                .listener = listener,
                                .context = context,
                                .inotify = inotify};
    pthread_mutex_init(&made->reading, NULL);
    pthread_mutex_init(&made->lock, NULL);
    made->changed = memory_expect(event_new(loop, inotify, EV_READ | EV_PERSIST, on_changed, made));
    made->reread = memory_expect(event_new(loop, -1, EV_PERSIST, on_reread, made));
    made->rewatch = memory_expect(event_new(loop, -1, 0, on_rewatch, made));
    event_add(made->changed, NULL);
    event_add(made->reread, &reread_after);
    /* The watch comes first, so that no change between the two is missed. */
    watch(made);
    reread(made);
    *credential = made;
    return true;
}

void credential_free(struct credential *credential)
{
    if (!credential)
        return;
    event_free(credential->changed);
    event_free(credential->reread);
    event_free(credential->rewatch);
    close(credential->inotify);
    credential_release(credential->current);
    pthread_mutex_destroy(&credential->lock);
    pthread_mutex_destroy(&credential->reading);
    free(credential->folder);
    free(credential);
}

static struct credential_snapshot *current(struct credential *credential)
{
    pthread_mutex_lock(&credential->lock);
    struct credential_snapshot *snapshot = credential->current;
    if (snapshot)
        hold(snapshot);
    pthread_mutex_unlock(&credential->lock);
    return snapshot;
}

bool credential_ready(struct credential *credential)
{
    struct credential_snapshot *snapshot = current(credential);
    credential_release(snapshot);
    return snapshot;
}

bool credential_sign(struct credential *credential, struct http_request *request,
                     struct credential_snapshot **held, struct status *status)
{
    struct credential_snapshot *snapshot = current(credential);
    if (!snapshot)
        return status_fail(
            status, STATUS_UNAVAILABLE,
            "the sidecar has no good credential; its log says what is wrong with --token-file");
    if (request->field_count == HTTP_REQUEST_FIELDS) {
        credential_release(snapshot);
        return status_fail(status, STATUS_INTERNAL, "the request has too many fields");
    }
    request->fields[request->field_count++] =
        (struct http_field){text_literal("X-Auth-Token"), {snapshot->token, snapshot->bytes}};
    *held = snapshot;
    return true;
}

struct text credential_value(const struct credential_snapshot *held)
{
    return held ? (struct text){held->token, held->bytes} : (struct text){NULL, 0};
}

/* One reader at a time, and not again for a moment. With the lock. */
static bool may_refresh(struct credential *credential)
{
    int64_t now = clock_now_ns();
    if (credential->refreshed_ns && now - credential->refreshed_ns < REFRESH_NS)
        return false;
    credential->refreshed_ns = now;
    return true;
}

bool credential_refresh(struct credential *credential, const struct credential_snapshot *refused)
{
    pthread_mutex_lock(&credential->lock);
    bool changed = !is_same(credential->current, refused);
    bool read = !changed && may_refresh(credential);
    pthread_mutex_unlock(&credential->lock);
    if (!read)
        return changed;
    reread(credential);
    struct credential_snapshot *now = current(credential);
    changed = now && !is_same(now, refused);
    credential_release(now);
    return changed;
}

bool credential_check_file(const char *path, size_t *bytes, struct status *status)
{
    struct credential_snapshot *snapshot = read_snapshot(path, status);
    if (!snapshot)
        return false;
    *bytes = snapshot->bytes;
    credential_release(snapshot);
    return true;
}
