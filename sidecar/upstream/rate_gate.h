/* SPDX-License-Identifier: MIT */
/*
 * The rate of all loops of an upstream, shared by all methods, and how many calls wait for their
 * turn. Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "upstream/rate.h"

/* Gets the changes that are logged. */
struct rate_listener {
    /* The upstream has begun to throttle calls, or does no longer; any thread, without a lock. */
    void (*changed)(bool throttles, double per_s, int64_t pause_ns, void *context);
    void *context;
};

struct rate_gate {
    pthread_mutex_t lock;
    struct rate rate;
    const struct rate_listener *listener;
    atomic_bool limits;         /* calls may have to wait for the rate */
    _Atomic int64_t lowered_ns; /* when a rate was learned, or a pause began; 0 before */
    atomic_size_t waiting;      /* calls that wait, for the rate or a connection */
};

void rate_gate_init(struct rate_gate *gate, const struct rate_ceiling *ceiling,
                    const struct rate_listener *listener);
void rate_gate_clear(struct rate_gate *gate);

/* Relaxed like all reads of the gate's atomics: each stands by itself, what belongs together is
 * read under the lock, and a call that reads an older value is decided as one that came just
 * before. */
static inline bool rate_gate_limits(const struct rate_gate *gate)
{
    return atomic_load_explicit(&gate->limits, memory_order_relaxed);
}

/* As the functions of rate.h, at the time of now. */
bool rate_gate_take(struct rate_gate *gate);
void rate_gate_give_back(struct rate_gate *gate);
int64_t rate_gate_wait_ns(struct rate_gate *gate, size_t before);
double rate_gate_per_s(struct rate_gate *gate);
void rate_gate_throttled(struct rate_gate *gate, const struct rate_throttle *throttle,
                         double accepted_per_s, int64_t sent_ns);
void rate_gate_accepted(struct rate_gate *gate, double accepted_per_s);
