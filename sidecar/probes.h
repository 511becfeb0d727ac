/* SPDX-License-Identifier: MIT */
/*
 * Readiness and liveness: what the monitor port's pages report and what health reports to callers,
 * which always agree about readiness. Owned by the sidecar. The main thread, but for
 * probes_changed.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "admin/monitor.h"
#include "credential/credential.h"
#include "server/server.h"
#include "system/watchdog.h"
#include "telemetry/metric.h"
#include "upstream/upstream.h"

struct probes_parts {
    struct credential *credential;
    struct upstream *upstream;
    struct server *server;
    struct watchdog *watchdog;
    struct metrics *metrics;
    bool credential_is_pinned; /* a file of it cannot change: reloader_warn_if_pinned */
};

struct probes {
    struct probes_parts parts;
    atomic_bool is_listening, is_draining;
    pthread_mutex_t notifying; /* held while health is set, so that the latest change is set last */
};

void probes_init(struct probes *probes);
void probes_clear(struct probes *probes);

/* The listeners are open. The parts must outlive the monitor port. */
void probes_set_listening(struct probes *probes, const struct probes_parts *parts);

/* A drain starts, which never ends in readiness again. */
void probes_set_draining(struct probes *probes);

/* Reports anew to health whether we are ready, because the credential may have changed. Any
 * thread. */
void probes_changed(struct probes *probes);

/* The sources of the monitor port's pages, for which `probes` must outlive it. The metrics page
 * needs the parts. */
struct monitor_sources probes_sources(struct probes *probes);
