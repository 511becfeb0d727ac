/* SPDX-License-Identifier: MIT */
/*
 * When a credential is fetched: at once at the start, again at 70 to 80 percent of the time that it
 * may be used, and after a failure with growing pauses. Two clocks count: pauses follow the
 * monotonic one, the life of a credential the calendar as the server has it, which goes on while a
 * machine sleeps. Pure; one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "credential/source.h"

/* The longest time between two looks at the calendar, because timers do not run while a machine
 * sleeps, and its clock may be set. */
#define KEEPER_TICK_NS (30 * CLOCK_NS_PER_S)

/* A credential is not used in the last seconds of its life. */
#define KEEPER_MARGIN_NS (10 * CLOCK_NS_PER_S)

/* A credential whose life is shorter is not renewed more often for that. */
#define KEEPER_LEAST_LIFE_NS (30 * CLOCK_NS_PER_S)

/* Between two fetches. It doubles, up to KEEPER_LONGEST_PAUSE_NS, with each credential in a row
 * that the upstream refuses before it is as old as that. */
#define KEEPER_DISTANCE_NS CLOCK_NS_PER_S

#define KEEPER_FIRST_PAUSE_NS (500 * CLOCK_NS_PER_MS)
#define KEEPER_LONGEST_PAUSE_NS (60 * CLOCK_NS_PER_S)
#define KEEPER_LOCK_PAUSE_NS (1800 * CLOCK_NS_PER_S)

struct keeper_time {
    int64_t now_ns;      /* of clock_now_ns */
    int64_t calendar_ns; /* as the server has it */
};

struct keeper_plan {
    bool is_fetching;
    bool is_wanted;        /* a credential is missing, was refused, or its files have changed */
    bool is_outdated;      /* the files have changed during the fetch under way */
    unsigned failures;     /* in a row */
    unsigned refusals;     /* of credentials in a row that were refused when they were new */
    int64_t issued_at_ns;  /* of clock_now_ns: when the last fetch has succeeded */
    int64_t not_before_ns; /* of clock_now_ns */
    int64_t renew_at_ns;   /* of the calendar; 0: no need */
    int64_t expires_ns;    /* of the credential in use, of the calendar; 0: never or not known */
};

void keeper_plan_init(struct keeper_plan *plan);

/* True when a fetch is to begin now. */
bool keeper_plan_is_due(const struct keeper_plan *plan, const struct keeper_time *time);

/* How long to wait before that is asked again, if nothing else happens; at most KEEPER_TICK_NS. */
int64_t keeper_plan_wait_ns(const struct keeper_plan *plan, const struct keeper_time *time);

/* How long it takes until the next fetch may begin. */
int64_t keeper_plan_pause_ns(const struct keeper_plan *plan, const struct keeper_time *time);

void keeper_plan_begin(struct keeper_plan *plan);

/*
 * The fetch has given a credential that ends at `expires_ns` of the calendar, or 0. `is_new` is
 * false when it is the one that was in use: metadata services give the same one until a new one is
 * made, so that this counts as a failure for the next fetch, unless it has no end. `random` is any
 * number.
 */
void keeper_plan_succeed(struct keeper_plan *plan, const struct keeper_time *time,
                         int64_t expires_ns, bool is_new, uint64_t random);

/* The fetch has failed. `retry_after_ns` is the pause that the server has asked for, or 0. */
void keeper_plan_fail(struct keeper_plan *plan, const struct keeper_time *time,
                      enum source_fault fault, int64_t retry_after_ns, uint64_t random);

/* There is no credential in use any more: another one is wanted as soon as one may be fetched. */
void keeper_plan_want(struct keeper_plan *plan);

/* The same when the upstream has refused the one in use. */
void keeper_plan_refuse(struct keeper_plan *plan, const struct keeper_time *time);

/* The files of the source have changed: the reason of the last failure may be gone, and there may
 * be another credential without an end. Otherwise their content is for the next fetch. */
void keeper_plan_note_change(struct keeper_plan *plan, const struct keeper_time *time);

/* True when a credential with that end may be used. */
bool keeper_plan_is_alive(int64_t expires_ns, int64_t calendar_ns);
