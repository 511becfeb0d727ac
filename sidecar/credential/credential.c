/* SPDX-License-Identifier: MIT */
#include "credential/credential.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "credential/source_file.h"
#include "system/file.h"
#include "system/file_watch.h"
#include "system/secret.h"

#include "base/banned.h"

/* A storm of refusals reads a file that has not changed a few times a second, not once for each. */
#define REFRESH_NS (200 * CLOCK_NS_PER_MS)

struct credential_snapshot {
    atomic_size_t holders;
    struct secret *token;
};

struct credential {
    const char *path;
    credential_listener *listener;
    void *context;
    struct file_watch *watch;
    struct secret_list *secrets; /* tokens of all snapshots */

    pthread_mutex_t reading;            /* of what follows, and of the news: one reader at a time */
    char problem[STATUS_MESSAGE_BYTES]; /* that was told last; empty when all is well */
    int64_t refreshed_ns;
    struct file_identity identity; /* of the file, before it was read last */

    pthread_mutex_t lock;                /* of what follows, which changes with `reading` only */
    struct credential_snapshot *current; /* NULL: no good token yet */
    int64_t since_ns;                    /* that there is this one */
};

static struct credential_snapshot *hold_current(struct credential *credential)
{
    pthread_mutex_lock(&credential->lock);
    struct credential_snapshot *snapshot = credential->current;
    if (snapshot)
        atomic_fetch_add_explicit(&snapshot->holders, 1, memory_order_relaxed);
    pthread_mutex_unlock(&credential->lock);
    return snapshot;
}

void credential_release(struct credential_snapshot *held)
{
    if (held && atomic_fetch_sub_explicit(&held->holders, 1, memory_order_acq_rel) == 1) {
        secret_wipe(held->token);
        free(held);
    }
}

struct text credential_value(const struct credential_snapshot *held)
{
    return held ? secret_value(held->token) : (struct text){NULL, 0};
}

static struct credential_snapshot *snapshot_of(struct secret_list *secrets, struct text token)
{
    struct credential_snapshot *snapshot = memory_expect(calloc(1, sizeof *snapshot));
    atomic_init(&snapshot->holders, 1);
    snapshot->token = secret_new(secrets, token);
    return snapshot;
}

static struct credential_snapshot *read_snapshot(const char *path, struct secret_list *secrets,
                                                 struct status *status)
{
    struct credential_snapshot *snapshot = NULL;
    char *token = memory_expect(secret_alloc(SOURCE_FILE_BYTES));
    size_t bytes;
    if (source_file_read(path, token, &bytes, status))
        snapshot = snapshot_of(secrets, (struct text){token, bytes});
    secret_free(token, SOURCE_FILE_BYTES);
    return snapshot;
}

static void tell(struct credential *credential, enum credential_result result,
                 const struct status *why)
{
    credential->listener(result, why->message, credential->context);
}

/* The same problem is told once. */
static void reject(struct credential *credential, struct status *why)
{
    if (strcmp(credential->problem, why->message) == 0)
        return;
    memcpy(credential->problem, why->message, sizeof credential->problem);
    status_prepend(why, credential->current ? "the last good token stays in use"
                                            : "there is no good token");
    tell(credential, CREDENTIAL_REJECTED, why);
}

static void replace_current(struct credential *credential, struct credential_snapshot *next)
{
    pthread_mutex_lock(&credential->lock);
    struct credential_snapshot *last = credential->current;
    credential->current = next;
    credential->since_ns = clock_calendar_ns();
    pthread_mutex_unlock(&credential->lock);
    credential_release(last);
}

static void accept_token(struct credential *credential, struct credential_snapshot *read)
{
    struct status why;
    bool same = text_equal(credential_value(read), credential_value(credential->current));
    bool recovered = credential->problem[0] != '\0';
    credential->problem[0] = '\0';
    status_set(&why, STATUS_UNKNOWN, "token file %s: a token of %zu bytes", credential->path,
               credential_value(read).size);
    if (same)
        credential_release(read);
    else
        replace_current(credential, read);
    if (!same || recovered)
        tell(credential, CREDENTIAL_LOADED, &why);
}

/* With `reading`. */
static void read_again(struct credential *credential)
{
    struct status why;
    credential->identity = file_identify(credential->path);
    struct credential_snapshot *read = read_snapshot(credential->path, credential->secrets, &why);
    if (read)
        accept_token(credential, read);
    else
        reject(credential, &why);
}

static void look(void *context)
{
    struct credential *credential = context;
    pthread_mutex_lock(&credential->reading);
    read_again(credential);
    pthread_mutex_unlock(&credential->reading);
}

bool credential_open(const char *token_file, struct event_base *loop, credential_listener *listener,
                     void *context, struct credential **credential, struct status *status)
{
    struct credential *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct credential){.path = token_file, .listener = listener, .context = context};
    made->secrets = secret_list_new();
    pthread_mutex_init(&made->reading, NULL);
    pthread_mutex_init(&made->lock, NULL);
    const struct file_watch_plan plan = {&made->path, 1, &file_watch_usual_pace, look, made};
    if (!file_watch_open(&plan, loop, &made->watch, status)) {
        credential_free(made);
        return false;
    }
    look(made);
    *credential = made;
    return true;
}

void credential_free(struct credential *credential)
{
    if (!credential)
        return;
    file_watch_free(credential->watch);
    credential_release(credential->current);
    secret_list_release(credential->secrets);
    pthread_mutex_destroy(&credential->lock);
    pthread_mutex_destroy(&credential->reading);
    free(credential);
}

struct secret_list *credential_secrets(struct credential *credential)
{
    return credential->secrets;
}

bool credential_ready(struct credential *credential)
{
    struct credential_snapshot *snapshot = hold_current(credential);
    credential_release(snapshot);
    return snapshot;
}

int64_t credential_since_ns(struct credential *credential)
{
    pthread_mutex_lock(&credential->lock);
    int64_t since_ns = credential->since_ns;
    pthread_mutex_unlock(&credential->lock);
    return since_ns;
}

bool credential_sign(struct credential *credential, struct http_request *request,
                     struct credential_snapshot **held, struct status *status)
{
    if (request->field_count == HTTP_REQUEST_FIELDS)
        return status_fail(status, STATUS_INTERNAL, "the request has too many fields");
    struct credential_snapshot *snapshot = hold_current(credential);
    if (!snapshot)
        return status_fail(
            status, STATUS_UNAVAILABLE,
            "the sidecar has no good credential; its log says what is wrong with --token-file");
    /* Large, the same for many calls, and looked through when it was read. */
    request->fields[request->field_count++] = (struct http_field){
        text_literal("X-Auth-Token"), credential_value(snapshot), .is_checked = true};
    *held = snapshot;
    return true;
}

bool credential_is_current(struct credential *credential, const struct credential_snapshot *held)
{
    pthread_mutex_lock(&credential->lock);
    bool current = credential->current == held;
    pthread_mutex_unlock(&credential->lock);
    return current;
}

static bool is_replaced(struct credential *credential, const struct credential_snapshot *refused)
{
    struct credential_snapshot *now = hold_current(credential);
    bool replaced = now && !text_equal(credential_value(now), credential_value(refused));
    credential_release(now);
    return replaced;
}

/* With `reading`. A file's times are not exact enough to show each change, so that one that looks
 * the same is read as well, but less often. */
static bool may_refresh(struct credential *credential)
{
    int64_t now = clock_now_ns();
    struct file_identity identity = file_identify(credential->path);
    if (credential->refreshed_ns && now - credential->refreshed_ns < REFRESH_NS &&
        file_identity_equal(&identity, &credential->identity))
        return false;
    credential->refreshed_ns = now;
    return true;
}

bool credential_refresh(struct credential *credential, const struct credential_snapshot *refused)
{
    if (is_replaced(credential, refused))
        return true;
    /* Calls that are refused while the first of them reads wait for what it finds. */
    pthread_mutex_lock(&credential->reading);
    if (may_refresh(credential))
        read_again(credential);
    pthread_mutex_unlock(&credential->reading);
    return is_replaced(credential, refused);
}

bool credential_check_file(const char *path, size_t *bytes, struct status *status)
{
    struct credential_snapshot *snapshot = read_snapshot(path, NULL, status);
    if (!snapshot)
        return false;
    *bytes = credential_value(snapshot).size;
    credential_release(snapshot);
    return true;
}
