/* SPDX-License-Identifier: MIT */
/* The credential's own state, shared by credential.c and credential_use.c. */
#pragma once

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>

#include "credential/credential.h"
#include "credential/keeper.h"
#include "credential/key_gate.h"
#include "credential/snapshot.h"
#include "credential/source.h"
#include "system/task_queue.h"

TAILQ_HEAD(credential_uses, credential_use);

/* The event that a use waits for. */
enum credential_awaited {
    AWAITED_KEY,   /* another key, or the failure to get one */
    AWAITED_PROBE, /* the end of a probe, or the time for one more */
    AWAITED_COUNT,
};

struct credential {
    const struct config *config;
    struct source *source;
    struct reload *reload; /* of a source that sends no requests */
    struct keeper *keeper; /* of any other one */
    struct metrics *metrics;
    struct secret_list *secrets;   /* of all snapshots */
    atomic_llong next_fetch_ns;    /* of clock_now_ns: when the keeper may fetch again */
    atomic_llong offset_ns;        /* the server's clock minus ours; 0 below a minute */
    atomic_llong issuer_offset_ns; /* the same of the server that has issued the credential */

    pthread_mutex_t lock;                /* of what follows */
    struct credential_snapshot *current; /* NULL: nothing good has been loaded */
    int64_t since_ns;                    /* when `current` was loaded */
    struct key_gate gate;                /* of `current` */
    struct credential_uses waiting[AWAITED_COUNT];
    bool waits_ended, alarm_is_posted;
    bool is_refused; /* `current`: another one is wanted */

    struct event_base *loop; /* NULL: waits end without a deadline of their own */
    struct task_queue tasks;
    struct task set_alarm;
    struct event *alarm; /* at the earliest deadline of those that wait */
};

/* The snapshot in use, held; NULL without one. */
struct credential_snapshot *credential_hold_current(struct credential *credential);

/* Puts a credential in use, which is then the credential's own, and ends all waits, because a probe
 * of the last one shows nothing about it. */
void credential_replace(struct credential *credential, struct credential_snapshot *next);

/* Returns whether another credential is wanted in place of the one in use. */
bool credential_is_refused(struct credential *credential);

/* Takes the credential out of use when its life has ended by the issuer's clock and, since ours may
 * have been set meanwhile, by the upstream's. Returns whether it has. */
bool credential_drop_expired(struct credential *credential);

void credential_set_offset(struct credential *credential, int64_t offset_ns);

/* Loads the files again, as reload_now. */
void credential_reload(struct credential *credential);

/* Ends the waits for that event, or all waits; `resumed` gets `next`. */
void credential_resume(struct credential *credential, enum credential_awaited awaited,
                       enum credential_next next);
void credential_resume_all(struct credential *credential, enum credential_next next);

must_use bool credential_waits_open(struct credential *credential, struct event_base *loop,
                                    struct status *status);
void credential_waits_close(struct credential *credential);
