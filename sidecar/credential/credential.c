/* SPDX-License-Identifier: MIT */
#include "credential/credential.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "credential/credential_state.h"
#include "credential/keeper_plan.h"
#include "credential/report.h"
#include "credential/server_clock.h"
#include "credential/signature.h"
#include "credential/sources.h"

#include "base/banned.h"

/* Pause between two reads of a file that has not changed, when many calls are rejected. */
#define REFRESH_PAUSE_NS (200 * CLOCK_NS_PER_MS)

struct credential_snapshot *credential_hold_current(struct credential *credential)
{
    pthread_mutex_lock(&credential->lock);
    struct credential_snapshot *snapshot = credential->current;
    if (snapshot)
        snapshot_hold(snapshot);
    pthread_mutex_unlock(&credential->lock);
    return snapshot;
}

struct secret *credential_hide(struct credential *credential, const struct credential_use *use)
{
    return use->signature.size > 0 ? secret_new(credential->secrets, use->signature) : NULL;
}

void credential_release(struct credential_use *use)
{
    if (use->signature.size > 0)
        explicit_bzero((char *)(uintptr_t)use->signature.data, use->signature.size);
    use->signature = (struct text){NULL, 0};
    snapshot_release(use->held);
    use->held = NULL;
}

void credential_replace(struct credential *credential, struct credential_snapshot *next)
{
    pthread_mutex_lock(&credential->lock);
    struct credential_snapshot *last = credential->current;
    credential->current = next;
    credential->since_ns = clock_calendar_ns();
    credential->is_refused = false;
    key_gate_init(&credential->gate, snapshot_is_confirmed(next));
    pthread_mutex_unlock(&credential->lock);
    snapshot_release(last);
    credential_resume_all(credential, CREDENTIAL_AGAIN);
}

bool credential_is_refused(struct credential *credential)
{
    pthread_mutex_lock(&credential->lock);
    bool is_refused = credential->is_refused;
    pthread_mutex_unlock(&credential->lock);
    return is_refused;
}

/* True when a credential with that end may be used by one of both clocks: the upstream refuses one
 * that has ended, and a single gateway whose clock is wrong must not take a good one away. */
static bool is_alive(const struct credential *credential, int64_t expires_ns)
{
    int64_t offset_ns = credential_clock_offset_ns(credential),
            issuer_ns = atomic_load(&credential->issuer_offset_ns);
    return keeper_plan_is_alive(expires_ns, clock_calendar_ns() +
                                                (offset_ns < issuer_ns ? offset_ns : issuer_ns));
}

bool credential_drop_expired(struct credential *credential)
{
    pthread_mutex_lock(&credential->lock);
    struct credential_snapshot *last = credential->current;
    bool has_ended = last && !is_alive(credential, snapshot_issued(last)->expires_ns);
    if (has_ended) {
        credential->current = NULL;
        credential->since_ns = 0;
    }
    pthread_mutex_unlock(&credential->lock);
    if (has_ended)
        snapshot_release(last);
    return has_ended;
}

void credential_set_offset(struct credential *credential, int64_t offset_ns)
{
    report_clock(atomic_exchange(&credential->offset_ns, offset_ns), offset_ns);
}

struct asked {
    struct secret_list *secrets;
    struct credential_snapshot *snapshot; /* NULL unless something was issued */
    struct status *status;
};

static void on_asked(struct source_fetch *fetch, bool good, void *context)
{
    struct asked *asked = context;
    if (!good)
        *asked->status = fetch->status;
    else if (!snapshot_new(&fetch->issued, asked->secrets, &asked->snapshot, asked->status))
        asked->snapshot = NULL;
}

static bool load(void *context, bool *changed, struct buffer *summary, struct status *status)
{
    struct credential *credential = context;
    struct asked asked = {.secrets = credential->secrets, .status = status};
    source_ask(credential->source, on_asked, &asked);
    if (!asked.snapshot)
        return false;
    report_describe(credential->source, snapshot_issued(asked.snapshot), summary);
    *changed = !snapshot_equal(asked.snapshot, credential->current);
    if (*changed)
        credential_replace(credential, asked.snapshot);
    else
        snapshot_release(asked.snapshot);
    return true;
}

static bool load_from_files(struct credential *credential, const struct credential_parts *parts,
                            struct status *status)
{
    struct reload_source source = {.load = load, .context = credential};
    for (size_t i = 0; i < SOURCE_FILES; i++)
        source.paths[i] = credential->source->files[i];
    return reload_open(&source, &parts->files, &credential->reload, status);
}

static bool open_source(struct credential *credential, const struct credential_parts *parts,
                        struct status *status)
{
    return credential->source->kind->answered
               ? keeper_open(credential, credential->source, parts, &credential->keeper, status)
               : load_from_files(credential, parts, status);
}

bool credential_open(const struct config *config, const struct credential_parts *parts,
                     struct credential **credential, struct status *status)
{
    struct credential *made = memory_expect(calloc(1, sizeof *made));
    made->config = config;
    made->source = source_open(config);
    made->metrics = parts->metrics;
    made->secrets = secret_list_new();
    pthread_mutex_init(&made->lock, NULL);
    for (enum credential_awaited awaited = 0; awaited < AWAITED_COUNT; awaited++)
        TAILQ_INIT(&made->waiting[awaited]);
    if (!credential_waits_open(made, parts->files.loop, status) ||
        !open_source(made, parts, status)) {
        credential_free(made);
        return false;
    }
    *credential = made;
    return true;
}

const char *credential_file(const struct credential *credential, size_t number)
{
    return number < SOURCE_FILES ? credential->source->files[number] : NULL;
}

void credential_free(struct credential *credential)
{
    if (!credential)
        return;
    keeper_free(credential->keeper);
    reload_free(credential->reload);
    credential_waits_close(credential);
    snapshot_release(credential->current);
    secret_list_release(credential->secrets);
    source_free(credential->source);
    pthread_mutex_destroy(&credential->lock);
    free(credential);
}

struct secret_list *credential_secrets(struct credential *credential)
{
    return credential->secrets;
}

bool credential_ready(struct credential *credential)
{
    struct credential_snapshot *snapshot = credential_hold_current(credential);
    snapshot_release(snapshot);
    return snapshot;
}

int64_t credential_since_ns(struct credential *credential)
{
    pthread_mutex_lock(&credential->lock);
    int64_t since_ns = credential->since_ns;
    pthread_mutex_unlock(&credential->lock);
    return since_ns;
}

enum issued_kind credential_kind(struct credential *credential)
{
    struct credential_snapshot *snapshot = credential_hold_current(credential);
    enum issued_kind kind = snapshot ? snapshot_issued(snapshot)->kind : ISSUED_TOKEN;
    snapshot_release(snapshot);
    return kind;
}

int64_t credential_expires_ns(struct credential *credential)
{
    struct credential_snapshot *snapshot = credential_hold_current(credential);
    int64_t expires_ns = snapshot ? snapshot_issued(snapshot)->expires_ns : 0;
    snapshot_release(snapshot);
    return expires_ns;
}

bool credential_project(struct credential *credential, struct arena *arena, struct text *project,
                        bool *is_awaited)
{
    struct credential_snapshot *snapshot = credential_hold_current(credential);
    struct text known = snapshot ? snapshot_issued(snapshot)->project : (struct text){NULL, 0};
    const char *copy = known.size ? arena_copy(arena, known.data, known.size) : NULL;
    *project = (struct text){copy, copy ? known.size : 0};
    *is_awaited = !snapshot && credential->source->kind->gives_project;
    snapshot_release(snapshot);
    return copy || known.size == 0;
}

static bool hold_usable(struct credential *credential, struct credential_use *use,
                        struct status *status)
{
    pthread_mutex_lock(&credential->lock);
    struct credential_snapshot *snapshot = credential->current;
    /* The keeper's timer may be late, because the machine slept. */
    if (snapshot && !is_alive(credential, snapshot_issued(snapshot)->expires_ns))
        snapshot = NULL;
    bool is_closed = snapshot && !key_gate_may_enter(&credential->gate, clock_now_ns());
    if (snapshot && !is_closed)
        snapshot_hold(snapshot);
    pthread_mutex_unlock(&credential->lock);
    if (is_closed)
        return status_fail(status, STATUS_UNAVAILABLE,
                           "the upstream has refused the access key of the sidecar, which is "
                           "tried again every 90 seconds; the sidecar's log has the reason");
    if (!snapshot)
        return status_fail(status, STATUS_UNAVAILABLE,
                           "the sidecar has no good credential; its log says what is wrong with "
                           "--%s",
                           credential->source->kind->option);
    use->held = snapshot;
    return true;
}

bool credential_sign(struct credential *credential, const struct credential_scope *scope,
                     struct http_request *request, struct credential_use *use,
                     struct status *status)
{
    if (!hold_usable(credential, use, status))
        return false;
    use->offset_ns = credential_clock_offset_ns(credential);
    const struct signature_scope signed_scope = {
        scope->host, scope->project_id, (clock_calendar_ns() + use->offset_ns) / CLOCK_NS_PER_S};
    if (!snapshot_sign(use->held, &signed_scope, scope->arena, request, status)) {
        credential_release(use);
        return false;
    }
    if (snapshot_issued(use->held)->kind == ISSUED_KEY)
        use->signature = signature_of(request);
    return true;
}

void credential_reload(struct credential *credential)
{
    reload_now(credential->reload, REFRESH_PAUSE_NS);
}

void credential_note_date(struct credential *credential, const struct credential_use *use,
                          const struct http_response *response, int64_t ago_ns)
{
    int64_t offset_ns;
    if (use->held && snapshot_issued(use->held)->kind == ISSUED_KEY &&
        server_clock_offset(response, ago_ns, clock_calendar_ns(), &offset_ns))
        credential_set_offset(credential, offset_ns);
}

int64_t credential_clock_offset_ns(const struct credential *credential)
{
    /* Relaxed: the offset stands by itself. */
    return atomic_load_explicit(&credential->offset_ns, memory_order_relaxed);
}
