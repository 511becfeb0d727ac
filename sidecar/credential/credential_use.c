/* SPDX-License-Identifier: MIT */
/* The uses of a credential: which requests may go out, what follows a refusal, and who waits. */
#include "base/clock.h"
#include "credential/credential_state.h"
#include "credential/refusal.h"
#include "credential/report.h"

#include "base/banned.h"

/* With the lock. */
static enum credential_permit permit(struct credential *credential, struct credential_use *use)
{
    static const enum credential_permit permits[] = {
        [KEY_GATE_PASS] = CREDENTIAL_PASS,
        [KEY_GATE_PROBE] = CREDENTIAL_PASS,
        [KEY_GATE_WAIT] = CREDENTIAL_WAIT,
        [KEY_GATE_CLOSED] = CREDENTIAL_CLOSED,
    };
    if (credential->current != use->held)
        return CREDENTIAL_STALE;
    enum key_gate_verdict verdict = key_gate_enter(&credential->gate, clock_now_ns());
    use->is_probe = verdict == KEY_GATE_PROBE;
    return permits[verdict];
}

enum credential_permit credential_enter(struct credential *credential, struct credential_use *use)
{
    pthread_mutex_lock(&credential->lock);
    enum credential_permit permitted = permit(credential, use);
    pthread_mutex_unlock(&credential->lock);
    return permitted;
}

/* Ends the probe, if `use` is one. Returns whether waiting requests may go on. With the lock. */
static bool leave(struct credential *credential, struct credential_use *use)
{
    bool was_probe = use->is_probe;
    use->is_probe = false;
    if (credential->current != use->held)
        return false;
    if (was_probe)
        key_gate_leave(&credential->gate);
    return was_probe;
}

void credential_leave(struct credential *credential, struct credential_use *use, bool accepted)
{
    if (!use->held || (!use->is_probe && snapshot_is_confirmed(use->held)))
        return;
    pthread_mutex_lock(&credential->lock);
    bool changed = leave(credential, use);
    if (accepted && credential->current == use->held) {
        key_gate_confirm(&credential->gate);
        snapshot_set_confirmed(use->held, true);
        changed = true;
    }
    pthread_mutex_unlock(&credential->lock);
    if (changed)
        credential_resume(credential, AWAITED_PROBE, CREDENTIAL_AGAIN);
}

static bool is_replaced(struct credential *credential, const struct credential_use *use)
{
    struct credential_snapshot *now = credential_hold_current(credential);
    bool replaced = now && !snapshot_equal(now, use->held);
    snapshot_release(now);
    return replaced;
}

/* Leaves and doubts the key in one step, so that no other request goes out with it in between. */
static void doubt(struct credential *credential, struct credential_use *use, int64_t pause_ns,
                  struct text message)
{
    pthread_mutex_lock(&credential->lock);
    leave(credential, use);
    bool is_current = credential->current == use->held;
    bool is_news = is_current && credential->gate.state != KEY_GATE_DOUBTED;
    if (is_current) {
        key_gate_doubt(&credential->gate, clock_now_ns(), pause_ns);
        snapshot_set_confirmed(use->held, false);
    }
    pthread_mutex_unlock(&credential->lock);
    if (is_news)
        report_doubted(snapshot_issued(use->held), pause_ns, message);
    credential_resume(credential, AWAITED_PROBE, CREDENTIAL_AGAIN);
}

/* Until then, or the end of the call. With the lock. */
static void add(struct credential *credential, struct credential_use *use,
                enum credential_awaited awaited, int64_t until_ns)
{
    use->wait_until_ns = until_ns < use->deadline_ns ? until_ns : use->deadline_ns;
    use->queue = &credential->waiting[awaited];
    TAILQ_INSERT_TAIL(use->queue, use, place);
    if (!credential->loop || credential->alarm_is_posted)
        return;
    credential->alarm_is_posted = true;
    task_queue_post(&credential->tasks, &credential->set_alarm);
}

/* A call waits that long at most for another credential. */
#define RENEWAL_PATIENCE_NS (5 * CLOCK_NS_PER_S)

/* With the lock: CREDENTIAL_RESUMES when a renewal may come by then. */
static enum credential_next foresee_renewal(struct credential *credential,
                                            const struct credential_use *use, int64_t until_ns)
{
    if (credential->current != use->held)
        return CREDENTIAL_AGAIN;
    credential->is_refused = true;
    return credential->waits_ended || atomic_load(&credential->next_fetch_ns) > until_ns
               ? CREDENTIAL_UNCHANGED
               : CREDENTIAL_RESUMES;
}

static enum credential_next wait_for_renewal(struct credential *credential,
                                             struct credential_use *use)
{
    int64_t until_ns = clock_now_ns() + RENEWAL_PATIENCE_NS;
    bool has_left = false;
    use->was_refused = true;
    pthread_mutex_lock(&credential->lock);
    enum credential_next next = foresee_renewal(credential, use, until_ns);
    if (next == CREDENTIAL_RESUMES) {
        has_left = leave(credential, use);
        add(credential, use, AWAITED_KEY, until_ns);
    }
    pthread_mutex_unlock(&credential->lock);
    keeper_want(credential->keeper);
    if (has_left)
        credential_resume(credential, AWAITED_PROBE, CREDENTIAL_AGAIN);
    return next;
}

/* Another fetch gives another credential; one without an end comes from files, which are read when
 * they change. */
static bool is_renewable(const struct credential *credential, const struct credential_use *use)
{
    return credential->keeper && snapshot_issued(use->held)->expires_ns != 0;
}

static void want_another(struct credential *credential, const struct credential_use *use)
{
    pthread_mutex_lock(&credential->lock);
    credential->is_refused |= credential->current == use->held;
    pthread_mutex_unlock(&credential->lock);
    keeper_want(credential->keeper);
}

/* A call that was refused waits for one renewal. A second refusal asks for another one all the
 * same: the key may be doubted, and then no other call goes out that would ask for it. */
static enum credential_next renew(struct credential *credential, struct credential_use *use)
{
    if (is_replaced(credential, use))
        return CREDENTIAL_AGAIN;
    if (is_renewable(credential, use) && !use->was_refused)
        return wait_for_renewal(credential, use);
    if (credential->keeper)
        want_another(credential, use);
    else
        credential_reload(credential);
    return is_replaced(credential, use) ? CREDENTIAL_AGAIN : CREDENTIAL_UNCHANGED;
}

/* Another signature may be accepted when our idea of the server's clock has changed. */
static bool is_corrected(const struct credential *credential, const struct credential_use *use,
                         enum metric_credential_verdict verdict)
{
    return verdict == METRIC_CREDENTIAL_VERDICT_CLOCK && !use->was_refused &&
           credential_clock_offset_ns(credential) != use->offset_ns;
}

/* A renewable key is not doubted for a refusal that its successor may not meet. */
static bool is_doubtful(const struct credential *credential, const struct credential_use *use,
                        enum metric_credential_verdict verdict)
{
    return !is_renewable(credential, use) || verdict == METRIC_CREDENTIAL_VERDICT_WRONG ||
           verdict == METRIC_CREDENTIAL_VERDICT_PAUSE;
}

static enum credential_next follow(struct credential *credential, struct credential_use *use,
                                   enum metric_credential_verdict verdict, struct text message)
{
    bool is_key = snapshot_issued(use->held)->kind == ISSUED_KEY;
    if (is_key && is_corrected(credential, use, verdict))
        return CREDENTIAL_AGAIN;
    bool is_first = !use->was_refused;
    enum credential_next next = renew(credential, use);
    if (is_key && next == CREDENTIAL_UNCHANGED && is_doubtful(credential, use, verdict))
        doubt(credential, use,
              verdict == METRIC_CREDENTIAL_VERDICT_PAUSE ? KEY_GATE_LOCK_NS : KEY_GATE_PROBE_NS,
              message);
    return is_first ? next : CREDENTIAL_UNCHANGED;
}

enum credential_next credential_refused(struct credential *credential, struct credential_use *use,
                                        struct text message)
{
    enum metric_credential_verdict verdict = refusal_judge(message);
    metric_count(credential->metrics, METRIC_CREDENTIAL_REFUSALS, verdict, 0);
    enum credential_next next = follow(credential, use, verdict, message);
    if (next == CREDENTIAL_RESUMES)
        return next;
    use->was_refused = true;
    credential_leave(credential, use, false);
    return next;
}

/* With the lock: takes one that waits out. */
static void take_out(struct credential_use *use)
{
    TAILQ_REMOVE(use->queue, use, place);
    use->queue = NULL;
}

static void resume(struct credential_uses *uses, enum credential_next next)
{
    for (struct credential_use *use; (use = TAILQ_FIRST(uses));) {
        TAILQ_REMOVE(uses, use, place);
        use->resumed(use, next);
    }
}

void credential_resume(struct credential *credential, enum credential_awaited awaited,
                       enum credential_next next)
{
    struct credential_uses resumed = TAILQ_HEAD_INITIALIZER(resumed);
    struct credential_use *use;
    pthread_mutex_lock(&credential->lock);
    TAILQ_FOREACH(use, &credential->waiting[awaited], place)
    use->queue = NULL;
    TAILQ_CONCAT(&resumed, &credential->waiting[awaited], place);
    pthread_mutex_unlock(&credential->lock);
    resume(&resumed, next);
}

void credential_resume_all(struct credential *credential, enum credential_next next)
{
    for (enum credential_awaited awaited = 0; awaited < AWAITED_COUNT; awaited++)
        credential_resume(credential, awaited, next);
}

void credential_end_wait(struct credential *credential, struct credential_use *use)
{
    pthread_mutex_lock(&credential->lock);
    bool waits = use->queue;
    if (waits)
        take_out(use);
    pthread_mutex_unlock(&credential->lock);
    if (waits)
        use->resumed(use, CREDENTIAL_UNCHANGED);
}

void credential_end_waits(struct credential *credential)
{
    pthread_mutex_lock(&credential->lock);
    credential->waits_ended = true;
    pthread_mutex_unlock(&credential->lock);
    credential_resume_all(credential, CREDENTIAL_UNCHANGED);
}

enum credential_next credential_wait(struct credential *credential, struct credential_use *use)
{
    enum credential_next next = CREDENTIAL_RESUMES;
    pthread_mutex_lock(&credential->lock);
    int64_t until_ns = key_gate_wait_ends_ns(&credential->gate);
    if (credential->waits_ended)
        next = CREDENTIAL_UNCHANGED;
    else if (credential->current != use->held || until_ns <= clock_now_ns())
        next = CREDENTIAL_AGAIN;
    else
        add(credential, use, AWAITED_PROBE, until_ns);
    pthread_mutex_unlock(&credential->lock);
    return next;
}

/* Moves the uses whose wait should have ended to `late`, the newest first; lowers `earliest_ns` to
 * the earliest end of the other waits. With the lock. */
static void take_late(struct credential_uses *queue, int64_t now_ns, struct credential_uses *late,
                      int64_t *earliest_ns)
{
    for (struct credential_use *use = TAILQ_FIRST(queue), *next; use; use = next) {
        next = TAILQ_NEXT(use, place);
        if (use->wait_until_ns > now_ns) {
            *earliest_ns = use->wait_until_ns < *earliest_ns ? use->wait_until_ns : *earliest_ns;
            continue;
        }
        take_out(use);
        TAILQ_INSERT_HEAD(late, use, place);
    }
}

/* A use that waited for a probe may be one more, unless its call is over. */
static enum credential_next after_patience(const struct credential_use *use, int64_t now_ns)
{
    return use->deadline_ns > now_ns ? CREDENTIAL_AGAIN : CREDENTIAL_UNCHANGED;
}

static void end_late_waits(struct credential *credential)
{
    int64_t earliest_ns = INT64_MAX, now_ns = clock_now_ns();
    struct credential_uses late[AWAITED_COUNT];
    pthread_mutex_lock(&credential->lock);
    for (enum credential_awaited awaited = 0; awaited < AWAITED_COUNT; awaited++) {
        TAILQ_INIT(&late[awaited]);
        take_late(&credential->waiting[awaited], now_ns, &late[awaited], &earliest_ns);
    }
    pthread_mutex_unlock(&credential->lock);
    for (struct credential_use *use; (use = TAILQ_FIRST(&late[AWAITED_PROBE]));) {
        TAILQ_REMOVE(&late[AWAITED_PROBE], use, place);
        use->resumed(use, after_patience(use, now_ns));
    }
    resume(&late[AWAITED_KEY], CREDENTIAL_UNCHANGED);
    if (earliest_ns == INT64_MAX)
        return;
    struct timeval after = clock_timeval(earliest_ns - now_ns);
    event_add(credential->alarm, &after);
}

static void on_alarm(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    end_late_waits(context);
}

static void on_set_alarm(struct task *task)
{
    struct credential *credential = container_of(task, struct credential, set_alarm);
    pthread_mutex_lock(&credential->lock);
    credential->alarm_is_posted = false;
    pthread_mutex_unlock(&credential->lock);
    end_late_waits(credential);
}

bool credential_waits_open(struct credential *credential, struct event_base *loop,
                           struct status *status)
{
    credential->set_alarm.run = on_set_alarm;
    if (!loop)
        return true;
    credential->alarm = evtimer_new(loop, on_alarm, credential);
    if (!credential->alarm || !task_queue_init(&credential->tasks, loop))
        return status_fail(status, STATUS_INTERNAL, "watch the waits for a credential: %m");
    credential->loop = loop;
    return true;
}

void credential_waits_close(struct credential *credential)
{
    if (credential->loop)
        task_queue_clear(&credential->tasks);
    if (credential->alarm)
        event_free(credential->alarm);
}
