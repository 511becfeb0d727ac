/* SPDX-License-Identifier: MIT */
/*
 * Logs when the upstream begins to take fewer requests at a time, to hang or to throttle, and when
 * that has ended: few lines, however much the load varies. The main thread, but for
 * load_log_rate_listener's function.
 */
#pragma once

#include "upstream/load_state.h"
#include "upstream/upstream.h"

struct load_log {
    struct load_state lowered, hangs;
    size_t times_lowered; /* of struct upstream_load, when it was read last */
};

/* Looks whether a state has begun or ended since the last time; about once a second. */
void load_log_look(struct load_log *log, struct upstream *upstream);

/* Logs the changes of the rate. */
struct rate_listener load_log_rate_listener(void);
