/* SPDX-License-Identifier: MIT */
/*
 * The end of the program: SIGTERM, SIGINT, SIGQUIT and /quitquitquit of the admin port start the
 * graceful drain. First readiness turns false, so that no new callers come; --drain-delay later the
 * listeners close, and calls under way may finish; after --drain-timeout those that have not are
 * ended. A second signal ends the process at once. The main thread.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "base/status.h"
#include "config/config.h"
#include "credential/credential.h"
#include "probes.h"
#include "server/server.h"
#include "telemetry/metric.h"
#include "upstream/upstream.h"

/* The parts that a drain acts on. */
struct lifecycle_parts {
    struct server *server;
    struct upstream *upstream;
    struct credential *credential;
    struct probes *probes;
    struct metrics *metrics;
};

#define LIFECYCLE_SIGNALS 3

struct lifecycle {
    const struct config *config;
    struct event_base *loop;
    struct lifecycle_parts parts;
    struct event *signals[LIFECYCLE_SIGNALS], *step;
    bool is_draining, is_accepting;
};

/* Handles signals from now on. INTERNAL when the loop refuses. */
must_use bool lifecycle_open(struct lifecycle *lifecycle, const struct config *config,
                             struct event_base *loop, struct status *status);

/* Sets the parts, whose server accepts connections and which outlive the loop. Before the loop
 * runs. */
void lifecycle_set_parts(struct lifecycle *lifecycle, const struct lifecycle_parts *parts);

/* Starts the drain; a drain that has started goes on. */
void lifecycle_drain(struct lifecycle *lifecycle);

/* Ends the loop: all calls have ended after a drain. */
void lifecycle_drained(struct lifecycle *lifecycle);

void lifecycle_clear(struct lifecycle *lifecycle); /* also one that is all zero */
