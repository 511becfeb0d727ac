/* SPDX-License-Identifier: MIT */
/*
 * Watches the files that may be replaced while we run, beside the credential's: the listeners'
 * certificate, key and client CA, and the upstream's CA. What changed is read again; the log and a
 * metric tell. The main thread.
 */
#pragma once

#include <event2/event.h>

#include "base/status.h"
#include "config/config.h"
#include "server/server.h"
#include "telemetry/metric.h"
#include "upstream/upstream.h"

struct reloader;

/* INTERNAL when the loop refuses. All that is given must outlive it. */
must_use bool reloader_open(const struct config *config, struct event_base *loop,
                            struct metrics *metrics, struct server *server,
                            struct upstream *upstream, struct reloader **reloader,
                            struct status *status);
void reloader_free(struct reloader *reloader); /* NULL is allowed */
