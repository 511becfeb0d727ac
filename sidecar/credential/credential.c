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
#include "system/secret.h"

#include "base/banned.h"

/* Pause between two reads of a file that has not changed, when many calls are rejected. */
#define REFRESH_PAUSE_NS (200 * CLOCK_NS_PER_MS)

struct credential_snapshot {
    atomic_size_t holders;
    struct secret *token;
};

struct credential {
    const char *path;
    struct reload *reload;
    struct secret_list *secrets; /* tokens of all snapshots */

    pthread_mutex_t lock;                /* of what follows, which only the reload changes */
    struct credential_snapshot *current; /* NULL: no valid token has been loaded */
    int64_t since_ns;                    /* when `current` was loaded */
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

static void replace_current(struct credential *credential, struct credential_snapshot *next)
{
    pthread_mutex_lock(&credential->lock);
    struct credential_snapshot *last = credential->current;
    credential->current = next;
    credential->since_ns = clock_calendar_ns();
    pthread_mutex_unlock(&credential->lock);
    credential_release(last);
}

static void describe(const char *path, size_t bytes, struct buffer *out)
{
    buffer_add_literal(out, "token file ");
    buffer_add_text(out, text_of(path));
    buffer_add_literal(out, ": a token of ");
    buffer_add_u64(out, bytes);
    buffer_add_literal(out, " bytes");
}

static bool load(void *context, bool *changed, struct buffer *summary, struct status *status)
{
    struct credential *credential = context;
    struct credential_snapshot *read = read_snapshot(credential->path, credential->secrets, status);
    if (!read)
        return false;
    describe(credential->path, credential_value(read).size, summary);
    *changed = !text_equal(credential_value(read), credential_value(credential->current));
    if (*changed)
        replace_current(credential, read);
    else
        credential_release(read);
    return true;
}

bool credential_open(const char *token_file, const struct reload_listener *listener,
                     struct credential **credential, struct status *status)
{
    struct credential *made = memory_expect(calloc(1, sizeof *made));
    const struct reload_source source = {.paths = {token_file}, .load = load, .context = made};
    made->path = token_file;
    made->secrets = secret_list_new();
    pthread_mutex_init(&made->lock, NULL);
    if (!reload_open(&source, listener, &made->reload, status)) {
        credential_free(made);
        return false;
    }
    *credential = made;
    return true;
}

void credential_free(struct credential *credential)
{
    if (!credential)
        return;
    reload_free(credential->reload);
    credential_release(credential->current);
    secret_list_release(credential->secrets);
    pthread_mutex_destroy(&credential->lock);
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
    /* A token is large and signs many requests, so that its bytes were checked once, when the file
     * was read. */
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

static bool is_replaced(struct credential *credential, const struct credential_snapshot *rejected)
{
    struct credential_snapshot *now = hold_current(credential);
    bool replaced = now && !text_equal(credential_value(now), credential_value(rejected));
    credential_release(now);
    return replaced;
}

bool credential_refresh(struct credential *credential, const struct credential_snapshot *rejected)
{
    if (is_replaced(credential, rejected))
        return true;
    reload_now(credential->reload, REFRESH_PAUSE_NS);
    return is_replaced(credential, rejected);
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
