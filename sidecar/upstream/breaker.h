/* SPDX-License-Identifier: MIT */
/*
 * A circuit breaker for connects to the upstream. Closed, connections are made as they are needed.
 * A failed connect opens it: none is tried until a pause is over. Then, half open, one is tried;
 * its success closes the breaker, its failure opens it again, for twice the pause. One thread has
 * it; any thread may read its state. Time is handed in.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "telemetry/metric.h"

#define BREAKER_FIRST_PAUSE_NS (50 * CLOCK_NS_PER_MS)
#define BREAKER_LONGEST_PAUSE_NS CLOCK_NS_PER_S

/* While it is not closed, calls do not wait for a connect that lasts longer than that. */
#define BREAKER_PATIENCE_NS CLOCK_NS_PER_S

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN, BREAKER_STATES };
extern const char *const breaker_state_names[BREAKER_STATES];

struct breaker {
    _Atomic enum breaker_state state;
    int64_t pause_ns;
    int64_t until_ns; /* open: the end of the pause */
    int64_t probe_ns; /* half open: when the one connect began */
    struct metrics *metrics;
};

/* Closed. Its changes are counted in `metrics`. */
void breaker_init(struct breaker *breaker, struct metrics *metrics);

/* Whether a connect may begin now; when half open, only the one that makes it so. */
must_use bool breaker_may_try(struct breaker *breaker, int64_t now_ns);

/* A connect has ended. The failure of one that began before the breaker opened changes nothing. */
void breaker_succeeded(struct breaker *breaker);
void breaker_failed(struct breaker *breaker, int64_t began_ns, int64_t now_ns);

/* Whether calls may wait for a connect that began then. */
bool breaker_allows_wait(const struct breaker *breaker, int64_t began_ns, int64_t now_ns);

/* After how long a retry makes sense: at the end of the pause; half open, after about as long as
 * the last pause; else 0. */
int64_t breaker_wait_ns(const struct breaker *breaker, int64_t now_ns);

/* Any thread. Relaxed, because nothing else is read on the strength of it. */
static inline enum breaker_state breaker_state(const struct breaker *breaker)
{
    return atomic_load_explicit(&breaker->state, memory_order_relaxed);
}
