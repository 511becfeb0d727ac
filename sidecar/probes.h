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

struct probes_parts {
    struct credential *credential;
    struct upstream *upstream;
    struct server *server;
    size_t upstream_loops;
    bool token_is_pinned; /* its file is one of mount_pins_file */
};

struct probes {
    struct probes_parts parts;
    struct watchdog *watchdog;
    atomic_bool is_listening, is_draining;
    pthread_mutex_t notifying; /* so that of two changes the later one is told last */
};

void probes_init(struct probes *probes);

/* The listeners are open: from now on `parts` are asked, from `loop`. The main thread. */
void probes_set_listening(struct probes *probes, const struct probes_parts *parts,
                          struct event_base *loop);

/* A drain begins, for good. The main thread. */
void probes_set_draining(struct probes *probes);

/* The parts are not asked any more, before the first of them goes; and clears what is left, when
 * all have gone, before `loop`. Both take what never listened. The main thread. */
void probes_stop(struct probes *probes);
void probes_clear(struct probes *probes);

/* Tells callers anew whether we are ready: the credential has changed. Any thread. */
void probes_changed(struct probes *probes);

/* What the monitor asks, with the condition as its context. */
const struct monitor_check *probes_checks(size_t *count);
