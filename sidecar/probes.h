/* SPDX-License-Identifier: MIT */
/*
 * How the sidecar is: what the probes on --monitor ask, and what health tells callers, which always
 * agree about readiness. The sidecar owns it and says when something changes. The thread is said
 * with each function.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "admin/monitor.h"
#include "admin/watchdog.h"
#include "credential/credential.h"
#include "server/server.h"
#include "upstream/upstream.h"

struct condition_parts {
    struct credential *credential;
    struct upstream *upstream;
    struct server *server;
    size_t upstream_loops;
};

struct condition {
    struct condition_parts parts;
    struct watchdog *watchdog;
    atomic_bool is_listening, is_draining;
    pthread_mutex_t telling; /* so that of two changes the later one is told last */
};

void condition_init(struct condition *condition);

/* The listeners are open: from now on `parts` are asked, from `loop`. The main thread. */
void condition_set_listening(struct condition *condition, const struct condition_parts *parts,
                             struct event_base *loop);

/* A drain begins, for good. The main thread. */
void condition_set_draining(struct condition *condition);

/* The parts are not asked any more, before the first of them goes; and clears what is left, when
 * all have gone, before `loop`. Both take what never listened. The main thread. */
void condition_stop(struct condition *condition);
void condition_clear(struct condition *condition);

/* Tells callers anew whether we are ready: the credential has changed. Any thread. */
void condition_changed(struct condition *condition);

/* What the monitor asks, with the condition as its context. */
const struct monitor_check *condition_checks(size_t *count);
