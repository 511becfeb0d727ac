/* SPDX-License-Identifier: MIT */
#include "credential/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "credential/credential_state.h"
#include "credential/fetch.h"
#include "credential/keeper_plan.h"
#include "credential/report.h"
#include "system/file_watch.h"

#include "base/banned.h"

struct keeper {
    struct credential *credential;
    struct source *source;
    struct fetcher *fetcher;
    struct file_watch *watch;
    struct reload_group *group; /* NULL: none */
    struct keeper_plan plan;
    struct event *timer;
    struct task_queue tasks;
    struct task want;
    atomic_bool want_is_posted;
    bool has_tasks;
    int64_t began_ns;                   /* of the fetch under way */
    char problem[STATUS_MESSAGE_BYTES]; /* as it was logged; empty: there is none */
    void (*changed)(void *context);
    void *context;
};

/* By the clock of the issuer, which has set the end of the credential. */
static struct keeper_time time_of(const struct keeper *keeper)
{
    return (struct keeper_time){
        clock_now_ns(), clock_calendar_ns() + atomic_load(&keeper->credential->issuer_offset_ns)};
}

static uint64_t random_number(void)
{
    uint64_t random;
    arc4random_buf(&random, sizeof random);
    return random;
}

/* The time of the next fetch, for calls that would wait for it. */
static void arm(struct keeper *keeper)
{
    struct keeper_time now = time_of(keeper);
    struct timeval after = clock_timeval(keeper_plan_wait_ns(&keeper->plan, &now));
    event_add(keeper->timer, &after);
    atomic_store(&keeper->credential->next_fetch_ns,
                 now.now_ns + keeper_plan_pause_ns(&keeper->plan, &now));
}

static void end_life(struct keeper *keeper)
{
    if (!credential_drop_expired(keeper->credential))
        return;
    report_expired(keeper->source);
    keeper_plan_want(&keeper->plan);
    keeper->changed(keeper->context);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct keeper *keeper = context;
    end_life(keeper);
    struct keeper_time now = time_of(keeper);
    if (keeper_plan_is_due(&keeper->plan, &now)) {
        keeper_plan_begin(&keeper->plan);
        keeper->began_ns = now.now_ns;
        fetcher_begin(keeper->fetcher, now.calendar_ns);
    }
    arm(keeper);
}

/* The credential is in use by then, so that a reader of the line may rely on it. */
static void report_success(const struct keeper *keeper, const struct issued *issued)
{
    int64_t renew_at_ns = keeper->plan.renew_at_ns;
    report_fetched(keeper->source, issued,
                   renew_at_ns ? renew_at_ns - time_of(keeper).calendar_ns : 0);
}

/* A credential that is not new is released. */
static void succeed(struct keeper *keeper, struct credential_snapshot *next)
{
    struct credential *credential = keeper->credential;
    struct keeper_time now = time_of(keeper);
    const struct issued *issued = snapshot_issued(next);
    bool is_new = !snapshot_equal(next, credential->current);
    bool had_problem = keeper->problem[0] != '\0';
    keeper->problem[0] = '\0';
    keeper_plan_succeed(&keeper->plan, &now, issued->expires_ns, is_new, random_number());
    if (is_new) {
        snapshot_set_confirmed(next, issued->expires_ns != 0);
        credential_replace(credential, next);
    }
    if (is_new || had_problem)
        report_success(keeper, issued);
    if (!is_new) {
        snapshot_release(next);
        credential_resume(credential, AWAITED_KEY, CREDENTIAL_UNCHANGED);
    }
    keeper->changed(keeper->context);
}

/* Without the id of the request, which differs each time. */
static struct text cause_of(const char *message)
{
    const char *id = strstr(message, SOURCE_TRACE_ID);
    return id ? (struct text){message, (size_t)(id - message)} : text_of(message);
}

static void fail(struct keeper *keeper, const struct source_fetch *fetch)
{
    struct keeper_time now = time_of(keeper);
    const char *message = fetch->status.message;
    keeper_plan_fail(&keeper->plan, &now, fetch->fault, fetch->retry_after_ns, random_number());
    if (!text_equal(cause_of(keeper->problem), cause_of(message)))
        report_fetch_failed(keeper->source, fetcher_host(keeper->fetcher), message,
                            keeper->plan.failures, keeper_plan_pause_ns(&keeper->plan, &now));
    memcpy(keeper->problem, message, sizeof keeper->problem);
    credential_resume(keeper->credential, AWAITED_KEY, CREDENTIAL_UNCHANGED);
}

static void on_ended(struct source_fetch *fetch, bool good, void *context)
{
    struct keeper *keeper = context;
    struct credential_snapshot *next = NULL;
    if (fetch->has_offset) {
        atomic_store(&keeper->credential->issuer_offset_ns, fetch->offset_ns);
        credential_set_offset(keeper->credential, fetch->offset_ns);
    }
    good = good && snapshot_new(&fetch->issued, keeper->credential->secrets, &next, &fetch->status);
    metric_count(keeper->credential->metrics, METRIC_CREDENTIAL_FETCHES,
                 keeper->source->kind->metric, good ? METRIC_OK : METRIC_FAILED);
    metric_observe(keeper->credential->metrics, METRIC_CREDENTIAL_FETCH_DURATION,
                   keeper->source->kind->metric, clock_now_ns() - keeper->began_ns);
    if (good)
        succeed(keeper, next);
    else
        fail(keeper, fetch);
    arm(keeper);
}

static void on_want(struct task *task)
{
    struct keeper *keeper = container_of(task, struct keeper, want);
    atomic_store(&keeper->want_is_posted, false);
    struct keeper_time now = time_of(keeper);
    if (!credential_is_refused(keeper->credential))
        return;
    keeper_plan_refuse(&keeper->plan, &now);
    arm(keeper);
}

void keeper_want(struct keeper *keeper)
{
    if (!atomic_exchange(&keeper->want_is_posted, true))
        task_queue_post(&keeper->tasks, &keeper->want);
}

static void on_files_changed(void *context)
{
    struct keeper *keeper = context;
    struct keeper_time now = time_of(keeper);
    keeper_plan_note_change(&keeper->plan, &now);
    arm(keeper);
}

/* SIGHUP asks for the files as if they had changed. */
static void listen_for_all(struct keeper *keeper, struct reload_group *group)
{
    if (!group)
        return;
    group->asked = on_files_changed;
    group->context = keeper;
    keeper->group = group;
}

static bool watch_files(struct keeper *keeper, struct event_base *loop, struct status *status)
{
    const struct file_watch_plan plan = {keeper->source->files, SOURCE_FILES,
                                         &file_watch_default_pace, on_files_changed, keeper};
    return !keeper->source->files[0] || file_watch_open(&plan, loop, &keeper->watch, status);
}

static bool prepare(struct keeper *keeper, const struct credential_parts *parts,
                    struct status *status)
{
    struct fetch_settings settings = fetch_settings_of(
        keeper->credential->config, parts->files.loop, keeper->credential->secrets);
    settings.watchdog = parts->watchdog;
    settings.ca_changes = parts->iam_ca;
    keeper->timer = evtimer_new(parts->files.loop, on_timer, keeper);
    keeper->has_tasks = task_queue_init(&keeper->tasks, parts->files.loop);
    if (!keeper->timer || !keeper->has_tasks)
        return status_fail(status, STATUS_INTERNAL, "keep a credential: %m");
    return watch_files(keeper, parts->files.loop, status) &&
           fetcher_open(keeper->source, &settings, on_ended, keeper, &keeper->fetcher, status);
}

bool keeper_open(struct credential *credential, struct source *source,
                 const struct credential_parts *parts, struct keeper **keeper,
                 struct status *status)
{
    struct keeper *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct keeper){.credential = credential,
                            .source = source,
                            .want.run = on_want,
                            .changed = parts->changed,
                            .context = parts->context};
    keeper_plan_init(&made->plan);
    if (!prepare(made, parts, status)) {
        keeper_free(made);
        return false;
    }
    listen_for_all(made, parts->files.group);
    *keeper = made;
    arm(made);
    return true;
}

void keeper_free(struct keeper *keeper)
{
    if (!keeper)
        return;
    if (keeper->group)
        keeper->group->asked = NULL;
    fetcher_free(keeper->fetcher);
    file_watch_free(keeper->watch);
    if (keeper->has_tasks)
        task_queue_clear(&keeper->tasks);
    if (keeper->timer)
        event_free(keeper->timer);
    free(keeper);
}
